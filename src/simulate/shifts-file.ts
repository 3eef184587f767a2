import { Faults } from '../dialplan/faults';
import type { Fault } from '../dialplan/faults';
import { parseSpan } from '../dialplan/hours';
import { fieldsOf } from './recorded';
import type { Scenario } from './scenario';

/** Shifts of a CSV file: seat (or a range), from, to, breaks (spans joined by spaces). */
export function shiftsOfCsv(file: string, text: string): { shifts: NonNullable<Scenario['shifts']>; faults: Fault[] } {
  const faults = new Faults();
  const [head = '', ...lines] = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const names = fieldsOf(head).map((name) => name.trim().toLowerCase());
  const needed = ['seat', 'from', 'to'].filter((name) => !names.includes(name));
  if (needed.length > 0) {
    const message = `the first line does not name ${needed.join(', ')}`;
    faults.add('MISSING_KEY', { file, line: 1, column: 1 }, message, 'Begin the file with seat,from,to,breaks.');

    return { shifts: [], faults: faults.sorted };
  }
  const shifts = lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    const fields = fieldsOf(line);
    const cell = (name: string): string => fields[names.indexOf(name)]?.trim() ?? '';
    const hours = `${cell('from')}-${cell('to')}`;
    const breaks = cell('breaks').split(/\s+/).filter(Boolean);
    for (const span of [hours, ...breaks]) {
      if (parseSpan(span)) continue;
      const at = { file, line: index + 2, column: 1 };
      faults.add('BAD_VALUE', at, `'${span}' is no span of the clock`, 'Write times like 08:00.');
    }

    return [{ seats: [cell('seat')], hours, breaks }];
  });

  return { shifts, faults: faults.sorted };
}
