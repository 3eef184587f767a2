/**
 * The one table of what `sightline check` may say. A code is never reused for another meaning. dialplans/README.md shows
 * the table and a test compares the two. An error keeps the plan from being published; a warning does not.
 */
// prettier-ignore
export const faultTable = {
  // The folder and its files.
  SITE_MISSING: ['error', 'The folder of the site does not exist.', 'Give the name of a folder in dialplans/, or a path.'],
  SITE_EMPTY: ['error', 'The folder holds no dialplan.', 'Copy dialplans/demo and change it.'],
  FILE_MISSING: ['error', 'A file that every site needs is not there.', 'Create it; dialplans/README.md shows what it holds.'],
  FILE_UNREADABLE: ['error', 'A file cannot be read.', 'Check its permissions; save it as UTF-8 text.'],
  FILE_TOO_LARGE: ['error', 'A file is larger than a dialplan ever is.', 'Check that it is the right file; use ranges.'],
  FILE_UNKNOWN: ['warning', 'A YAML file that nothing reads.', 'Rename it to a name that is read, or move it away.'],
  // YAML.
  YAML_SYNTAX: ['error', 'The text is not YAML.', 'Mend the line; an editor with YAML support shows the place.'],
  YAML_TOO_DEEP: ['error', 'Aliases or nesting make the file grow out of bounds.', 'Write the values out in place of aliases.'],
  DUPLICATE_KEY: ['error', 'One key stands twice in one place.', 'Take one of the two away.'],
  // Keys and values.
  UNKNOWN_KEY: ['error', 'A key that has no meaning there.', 'Correct its spelling or take it away.'],
  MISSING_KEY: ['error', 'A key that is needed is not there.', 'Add it.'],
  WRONG_TYPE: ['error', 'A value is of the wrong kind, such as text where a number is needed.', 'Write the value as shown.'],
  BAD_VALUE: ['error', 'A value is of the right kind but not allowed.', 'Choose one of the values that are allowed.'],
  BAD_NAME: ['error', 'A name has characters that names may not have.', 'Use the characters that the message names.'],
  BAD_RANGE: ['error', 'A range cannot be read.', 'Write it like 1001-1010 or a1-a20: from low to high, same letters.'],
  BAD_NETWORK: ['error', 'A trusted network is not in CIDR notation.', 'Write it like 10.20.0.0/16 or 2001:db8::/32.'],
  BAD_URL: ['error', 'The address of a picture is not an http(s) URL.', 'Write a full URL, or set assetBase and a path below it.'],
  RESERVED_NAME: ['error', 'A name that the server keeps for itself.', 'Choose another name; help and help-… ask for help.'],
  ENV_MISSING: ['error', 'An environment variable that holds a secret is not set.', 'Set it before the server starts.'],
  TRUSTS_EVERYONE: ['warning', 'A trusted network holds every address there is.', 'Name the networks of your terminals.'],
  // Languages.
  MISSING_LANGUAGE: ['error', 'A text lacks one of the languages of the site.', 'Add the text in that language.'],
  UNKNOWN_LANGUAGE: ['error', 'A language that is not in locales of site.yaml.', 'Add it to locales, or take the text away.'],
  // Names that lead nowhere.
  UNKNOWN_QUEUE: ['error', 'There is no queue of that name.', 'Correct the name or add it to queues.yaml.'],
  UNKNOWN_MENU: ['error', 'There is no menu of that name.', 'Correct the name or add menus/<name>.yaml.'],
  UNKNOWN_PAGE: ['error', 'The menu has no page of that name.', 'Correct the name or add the page.'],
  UNKNOWN_FLOW: ['error', 'There is no flow of that name.', 'Correct the name or add it to flows.yaml.'],
  UNKNOWN_SERVICE: ['error', 'There is no service of that name.', 'Correct the name or add it to services.yaml.'],
  UNKNOWN_SEAT: ['error', 'There is no seat of that name, or it does not serve the queue of the ring.', 'Correct the name or add it to directory.yaml.'],
  UNKNOWN_GROUP: ['error', 'No seat is in a group of that name.', 'Correct the name or add it to groups of a seat.'],
  UNKNOWN_HOURS: ['error', 'There are no opening hours of that name.', 'Correct the name or add them to hours of site.yaml.'],
  UNKNOWN_NUMBER: ['error', 'There is no number of that name.', 'Correct the number or add it to numbers.yaml.'],
  UNKNOWN_POOL: ['error', 'There is no pool of that name.', 'Correct the name or add it to pools.yaml.'],
  // Numbers.
  DUPLICATE_NUMBER: ['error', 'One number means two things.', 'Give one of the two another number.'],
  POOL_OVERLAP: ['error', 'Two pools share numbers.', 'Move one of the pools to numbers that are free.'],
  NUMBER_IN_POOL: ['error', 'A number, terminal or seat lies inside a pool.', 'Move the number or the pool.'],
  UNUSED_POOL: ['warning', 'No service leases numbers from the pool.', 'Name the pool in a service, or take it away.'],
  NO_ENTRY: ['error', 'There is neither a number nor a service, so nobody can call.', 'Add a number or a service.'],
  CODE_COLLISION: ['error', 'A feature code means something else as well.', 'Choose another code, such as *71.'],
  // Time and classes.
  BAD_ZONE: ['error', 'The time zone is not known.', 'Write its name in the tz database, such as Europe/Vienna.'],
  BAD_SPAN: ['error', 'Opening hours hold what is no date or no span of a day.', 'Write spans like 08:00-12:00 and dates like 2026-12-25.'],
  CURVE_NOT_RISING: ['error', 'The curve of a class does not rise from one point to the next.', 'Write points whose two numbers both grow.'],
  OVERTAKE_LIMIT: ['error', 'VIPs who come later can overtake others for longer than overtakeLimit.', 'Make the curve of VIPs flatter, or raise overtakeLimit.'],
  // Menus.
  BAD_ITEM_KEY: ['error', 'The key of an item is not one of 1 to 9 and 0.', 'Use a digit; * and # are kept for back and paging.'],
  DUPLICATE_ITEM: ['error', 'Two items of a page have one key.', 'Give each item a key of its own.'],
  DUPLICATE_FIELD: ['error', 'Two fields of a form have one name, or two options one value.', 'Give each a name of its own.'],
  BAD_ACTION: ['error', 'An action says nothing, or two things at once.', 'Say one of page, queue, flow, home, back, end.'],
  BAD_FIELD: ['error', 'A field of a form has options that do not fit its type.', 'Options belong to type choice, and only there.'],
  DEAD_END: ['error', 'A page from which a person can neither go on nor back.', 'Add items, a form, or back: true.'],
  NO_EXIT: ['error', 'Pages that lead only to each other, never to a queue or an end.', 'Add an item that leads on.'],
  FLOW_LOOP: ['error', 'Flows that lead only to each other, never to a queue or an end.', 'Add an item that leads to a queue.'],
  UNREACHABLE_PAGE: ['warning', 'No item leads to the page.', 'Lead an item there, or take the page away.'],
  UNREACHABLE_MENU: ['warning', 'No flow that can be reached shows the menu.', 'Name it in a flow, or take it away.'],
  UNREACHABLE_FLOW: ['warning', 'No number, service or menu leads to the flow.', 'Lead something there, or take it away.'],
  UNREACHABLE_QUEUE: ['warning', 'No flow or menu leads to the queue.', 'Lead something there, or take it away.'],
  ASSET_MISSING: ['warning', 'A picture, video or sound that is named is not in the assets folder.', 'Put the file there or correct its name.'],
  PROMPT_MISSING: ['warning', 'Recorded prompts of a language are incomplete; what is missing is spoken by a machine.', 'Record the files that the message names.'],
  PROMPT_UNKNOWN: ['warning', 'A file in prompts/ that nothing plays.', 'Name it <language>/<menu>.<page>.wav or <language>/<menu>.<page>.<key>.wav.'],
  LOW_CONTRAST: ['warning', 'The colours of the look are too much alike to be read on a small picture.', 'Take a darker background or a lighter text.'],
  // People.
  DUPLICATE_USER: ['error', 'A terminal or seat is listed twice.', 'Take it out of one of the two ranges.'],
  SEAT_WITHOUT_QUEUE: ['warning', 'A seat serves no queue, so it is never offered a call.', 'Name its queues.'],
  QUEUE_WITHOUT_SEAT: ['error', 'No seat serves the queue, so whoever waits there waits for ever.', 'Name the queue in a seat.'],
  MEDIUM_WITHOUT_SEAT: ['error', 'No seat of the queue takes calls of the medium asked for.', 'Add the medium to a seat of that queue, or ask for another.'],
  PIN_MISSING: ['error', 'A seat whose agent logs in by a code has no PIN.', 'Add pin, or login: registration.'],
  BAD_SKILLS: ['error', 'A skill expression cannot be read.', 'Write it like fares >= 3 and not trainee.'],
  IMPOSSIBLE_SKILLS: ['error', 'Skill expressions contradict themselves or each other, so nobody can meet them.', 'Take one of them away.'],
  SKILL_WITHOUT_SEAT: ['error', 'No seat of the queue has the skills asked for.', 'Give a seat those skills, or ask for fewer.'],
  // Rings and overflow.
  BAD_STRATEGY: ['error', 'The strategy of a queue does not go with its other keys.', 'Write rings, or a strategy that begins with some seats.'],
  EMPTY_GROUP: ['error', 'No seat of a group that a ring names serves the queue.', 'Add the queue to a seat of the group, or take the group away.'],
  RING_EMPTY: ['error', 'No seat can ever be in the ring.', 'Ask for less in the ring, or take it away.'],
  RING_ADDS_NOBODY: ['error', 'The ring adds no seat to those of the rings before it.', 'Take it away, or put it before them.'],
  NEVER_HOLDS: ['error', 'A condition, or a time, that never comes.', 'Change it, or take it away with what depends on it.'],
  BAD_OVERFLOW: ['error', 'The target of an overflow rule says nothing, or two things at once.', 'Say one of queue, number, message, callback.'],
  OVERFLOW_SHADOWED: ['error', 'A rule is never come to: one before it holds whenever it does.', 'Put the stricter rule first, or take it away.'],
  OVERFLOW_LOOP: ['error', 'Overflow leads in a circle.', 'Take one of the rules away, or end with a message or a callback.'],
  CALLBACK_MISSING: ['error', 'A rule leads to a callback, but the queue offers none.', 'Add callback: {} to the queue.'],
} as const satisfies Record<string, readonly [Severity, string, string]>;

export type Severity = 'error' | 'warning';
export type FaultCode = keyof typeof faultTable;

/** Where in the operator's files; lines and columns begin at 1. `file` is relative to the site's folder. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Fault extends Place {
  readonly code: FaultCode;
  /** What is wrong, with the names as the operator wrote them. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
  readonly severity: Severity;
}

/** Gathers faults from every check; nothing stops at the first. */
export class Faults {
  private readonly gathered: Fault[] = [];

  add(code: FaultCode, at: Place, message: string, remedy: string = faultTable[code][2]): void {
    const { line, column } = at;
    const words = { file: oneLine(at.file), message: oneLine(message), remedy: oneLine(remedy) };
    this.gathered.push({ ...words, line, column, code, severity: faultTable[code][0] });
  }

  addAll(faults: readonly Fault[]): void {
    this.gathered.push(...faults);
  }

  /** In the order of the files and lines. */
  get sorted(): Fault[] {
    return [...this.gathered].sort(
      (a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(a.code, b.code),
    );
  }
}

const longest = 600;

/** Text of the operator's files inside a message: it must neither break the line nor command the terminal. */
function oneLine(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');

  return clean.length > longest ? `${clean.slice(0, longest)}…` : clean;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function hasErrors(faults: readonly Fault[]): boolean {
  return faults.some((fault) => fault.severity === 'error');
}

/** `queues.yaml:3:5 error UNKNOWN_KEY message`, as compilers write it; `folder` is put before the file's name. */
export function faultLine(fault: Fault, folder = ''): string {
  return `${folder}${fault.file}:${fault.line}:${fault.column} ${fault.severity} ${fault.code} ${fault.message}`;
}
