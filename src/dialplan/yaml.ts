import { isAlias, isCollection, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Alias, Document, Scalar, YAMLError, YAMLMap } from 'yaml';
import type { FaultCode, Faults, Place } from './faults';
import { emptyMap, type Entry, type Tree } from './tree';
import { isUnclosed, syntaxFault } from './yaml-faults';

/** Nodes that one file may have after its aliases are expanded. */
const maxNodes = 50_000;
/** Levels of nesting; the deepest key of a menu is at 9. */
const maxDepth = 40;
/** After the first few, faults of syntax are mostly echoes of the first. */
const maxSyntaxFaults = 5;

export type DoubleCodes = Readonly<Record<number, FaultCode>>;

class OutOfBounds extends Error {
  constructor(readonly at: Place) {
    super('The file grows out of bounds');
  }
}

/**
 * Reads the text of one YAML file. Faults of syntax, double keys, and aliases or nesting out of bounds are added to
 * `faults`.
 *
 * @param doubles The code for a key that stands twice, by level of nesting (1 is the outermost), where DUPLICATE_KEY says too little.
 * @returns the tree, or undefined when the text is not YAML.
 */
export function parseYaml(file: string, text: string, faults: Faults, doubles: DoubleCodes = {}): Tree | undefined {
  const start = { file, line: 1, column: 1 };
  const deep = tooDeep(text);
  if (deep !== undefined) {
    faults.add('YAML_TOO_DEEP', { file, line: deep, column: 1 }, `nested more than ${maxDepth} levels deep`);

    return undefined;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false, version: '1.2' });
  if (addSyntaxFaults(file, text, document, lines, faults)) return undefined;
  try {
    const tree = new Converter(file, lines, faults, doubles).convert(document.contents as Node, start);

    return isEmpty(tree) ? emptyMap(start) : tree;
  } catch (error) {
    if (!(error instanceof OutOfBounds)) throw error;
    faults.add(
      'YAML_TOO_DEEP',
      error.at,
      `grows past ${maxNodes} values or ${maxDepth} levels once aliases are expanded`,
    );

    return undefined;
  }
}

/**
 * The line at which the text nests too deep, found before it is parsed: a parser that recurses on hostile nesting takes
 * the whole process with it. Brackets inside quotes count too, which no real dialplan will notice.
 */
function tooDeep(text: string): number | undefined {
  let open = 0;
  const rows = text.split('\n');
  for (const [index, row] of rows.entries()) {
    const dashes = /^\s*((?:[-?]\s+)*)/.exec(row)?.[1]?.replace(/\s/g, '').length ?? 0;
    const indent = row.length - row.trimStart().length;
    for (const char of row) {
      if (char === '[' || char === '{') open++;
      else if (char === ']' || char === '}') open = Math.max(0, open - 1);
      if (open > maxDepth) return index + 1;
    }
    if (dashes > maxDepth || indent > 400) return index + 1;
  }

  return undefined;
}

function addSyntaxFaults(file: string, text: string, doc: Document, lines: LineCounter, faults: Faults): boolean {
  const seen = new Set<number>();
  const problems = [...doc.errors, ...doc.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  for (const problem of problems) {
    const { line, col } = lines.linePos(openingOf(problem, doc) ?? Math.min(problem.pos[0], text.length));
    const echo = seen.size > 0 && problem.code === 'UNEXPECTED_TOKEN';
    if (seen.has(line) || echo || seen.size >= maxSyntaxFaults) continue;
    seen.add(line);
    const { message, remedy } = syntaxFault(problem, text);
    faults.add('YAML_SYNTAX', { file, line, column: col }, message, remedy);
  }

  return seen.size > 0;
}

/** Where the bracket or quote was opened that a fault finds not closed: that is where the eye has to go. */
function openingOf(problem: YAMLError, doc: Document): number | undefined {
  if (!isUnclosed(problem)) return undefined;
  let opening: number | undefined;
  visit(doc, {
    Node: (_, node) => {
      const opens = isCollection(node) ? node.flow : isScalar(node) && /^QUOTE/.test(node.type ?? '');
      const start = node.range?.[0] ?? Infinity;
      if (opens && start <= problem.pos[0]) opening = start;
    },
  });

  return opening;
}

function isEmpty(tree: Tree): boolean {
  return tree.kind === 'scalar' && tree.value === null;
}

type Node = Document['contents'] | undefined;

/** Turns the parser's nodes into a tree of our own: keys as written, aliases expanded, everything counted. */
class Converter {
  private readonly anchors = new Map<string, Node>();
  private nodes = 0;
  private depth = 0;

  constructor(
    private readonly file: string,
    private readonly lines: LineCounter,
    private readonly faults: Faults,
    private readonly doubles: DoubleCodes,
  ) {}

  convert(node: Node, fallback: Place): Tree {
    const at = this.place(node?.range?.[0], fallback);
    if (++this.nodes > maxNodes || this.depth > maxDepth) throw new OutOfBounds(at);
    if (isAlias(node)) return this.alias(node, at);
    if (node && 'anchor' in node && node.anchor) this.anchors.set(node.anchor, node);
    this.depth++;
    const tree = this.convertPlain(node, at);
    this.depth--;

    return tree;
  }

  private convertPlain(node: Node, at: Place): Tree {
    if (isMap(node)) return { kind: 'map', at, entries: this.entries(node, at) };
    if (isSeq(node)) return { kind: 'list', at, items: node.items.map((item) => this.convert(item as Node, at)) };

    return isScalar(node) ? scalar(node, at) : { kind: 'scalar', at, value: null, source: '' };
  }

  private entries(map: YAMLMap, at: Place): Entry[] {
    const entries = new Map<string, Entry>();
    for (const pair of map.items) {
      const keyNode = pair.key as Node;
      const keyAt = this.place(keyNode?.range?.[0], at);
      const key = this.convert(keyNode, at);
      if (key.kind !== 'scalar') {
        this.faults.add('YAML_SYNTAX', keyAt, 'a key is a list or a mapping', 'Write the key as plain text.');
        continue;
      }
      const name = key.source;
      if (map.flow && pair.value === null) {
        const message = `'${name}' has no colon after it, as keys have`;
        this.faults.add('YAML_SYNTAX', keyAt, message, 'Put text that holds a comma in quotes.');
        continue;
      }
      const before = entries.get(name);
      const value = this.convert(pair.value as Node, keyAt);
      if (before) this.addDouble(name, keyAt, before.keyAt);
      else entries.set(name, { key: name, keyAt, value });
    }

    return [...entries.values()];
  }

  private addDouble(name: string, at: Place, before: Place): void {
    this.faults.add(
      this.doubles[this.depth] ?? 'DUPLICATE_KEY',
      at,
      `'${name}' stands here a second time; the first is in line ${before.line}`,
    );
  }

  private alias(alias: Alias, at: Place): Tree {
    const target = this.anchors.get(alias.source);
    if (!target) {
      this.faults.add('YAML_SYNTAX', at, `'*${alias.source}' refers to '&${alias.source}', which is nowhere above`,
        `Write '&${alias.source}' before the value that is meant, or put the text in quotes.`); // prettier-ignore

      return { kind: 'scalar', at, value: null, source: '' };
    }
    this.depth++;
    const tree = this.convert(target, at);
    this.depth--;

    return tree;
  }

  private place(offset: number | undefined, fallback: Place): Place {
    if (offset === undefined) return fallback;
    const { line, col } = this.lines.linePos(offset);

    return { file: this.file, line, column: col };
  }
}

function scalar(node: Scalar, at: Place): Tree {
  const { value } = node;
  const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;

  return { kind: 'scalar', at, value: plain, source: node.source ?? String(plain ?? '') };
}
