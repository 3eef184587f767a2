import { canBeMet, needsOf, parseNeeds } from '../../acd/skills';
import { actionsOf, type Draft, type Named } from '../draft';
import type { Faults } from '../faults';
import { listed } from '../nearest';

/** Every skill expression can be read, and some seat is thinkable that meets it. */
export function checkSkills(draft: Draft, faults: Faults): void {
  const actions = draft.menus.flatMap((menu) => menu.pages.flatMap(actionsOf));
  const rings = draft.queues.flatMap((queue) => queue.rings ?? []);
  for (const { skills = [] } of [...draft.queues, ...rings, ...draft.flows, ...actions]) checkList(skills, faults);
}

function checkList(skills: readonly Named[], faults: Faults): void {
  const good = skills.filter((skill) => isPossible(skill, faults));
  const texts = good.map(({ name }) => name);
  if (good.length < 2 || good.length < skills.length || canBeMet(needsOf(texts))) return;
  const message = `nobody can meet all of these skills at once: ${listed(texts)}`;
  faults.add('IMPOSSIBLE_SKILLS', good.at(-1)!.at, message);
}

function isPossible({ name, at }: Named, faults: Faults): boolean {
  const parsed = parseNeeds(name);
  if (!parsed.ok) {
    const message = `the skills '${name}' cannot be read: at character ${parsed.at + 1} ${parsed.message}`;
    faults.add('BAD_SKILLS', at, message, parsed.remedy);

    return false;
  }
  if (canBeMet(parsed.needs)) return true;
  faults.add(
    'IMPOSSIBLE_SKILLS',
    at,
    `nobody can meet '${name}': it contradicts itself`,
    'Correct it, or take it away.',
  );

  return false;
}
