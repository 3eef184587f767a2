import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { inProject } from '../../../src/lib/paths';

interface Violation {
  rule: { name: string };
  from: string;
  to: string;
}

/** What the rule says of a tree, as `rule: from -> to`. */
async function cruise(root: string, folders: string[]): Promise<string[]> {
  const bin = inProject('node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const args = [bin, '--config', inProject('.dependency-cruiser.cjs'), '--output-type', 'json', ...folders];
  const stdout = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, args, { cwd: root, maxBuffer: 1 << 28 }, (error, out, errors) => {
      if (out.startsWith('{')) resolve(out);
      else reject(new Error(`dependency-cruiser said nothing: ${errors}`, { cause: error }));
    });
  });
  const { violations } = (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary;

  return violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`).sort();
}

describe('the room rule', () => {
  let root: string;

  beforeAll(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'sightline-rooms-'));
    copyFileSync(inProject('tsconfig.json'), path.join(root, 'tsconfig.json'));
    copyFileSync(inProject('package.json'), path.join(root, 'package.json'));
    symlinkSync(inProject('node_modules'), path.join(root, 'node_modules'));
  });

  beforeEach(() => {
    for (const folder of ['src', 'scripts', 'test']) rmSync(path.join(root, folder), { recursive: true, force: true });
    mkdirSync(path.join(root, 'scripts'));
  });

  afterAll(() => rmSync(root, { recursive: true, force: true }));

  /** A tree of files, each with what it imports. */
  function tree(files: Record<string, string[]>): void {
    for (const [file, imports] of Object.entries(files)) {
      const full = path.join(root, file);
      mkdirSync(path.dirname(full), { recursive: true });
      const lines = imports.map((one, index) => (one.includes(' ') ? one : `import * as part${index} from '${one}';`));
      writeFileSync(full, `${lines.join('\n')}\nexport const here = [${imports.map((_, index) => index).join()}];\n`);
    }
  }

  async function broken(files: Record<string, string[]>): Promise<string[]> {
    tree(files);

    return cruise(root, ['src', 'scripts']);
  }

  test('lets a tree pass that keeps to it', async () => {
    const faults = await broken({
      'src/main.ts': ['./app', './cli/serve', './lib/a'],
      'src/app.ts': ['./app/sip', './http/server', './store/redis'],
      'src/app/sip.ts': ['../sipd/server', '../sip/edge', '../lib/a'],
      'src/cli/serve.ts': ['../http/server', '../sipd/server'],
      'src/http/server.ts': ['../sip/edge', '../lib/a', 'fastify'],
      'src/sip/edge.ts': ['../calls/call', 'drachtio-srf'],
      'src/calls/call.ts': ['../acd/acd', './leg'],
      'src/calls/leg.ts': ['../lib/a'],
      'src/acd/acd.ts': ['../store/redis'],
      'src/store/redis.ts': ['../lib/a', 'ioredis'],
      'src/media/embedded/rtp.ts': ['../port', '../../lib/a'],
      'src/media/port.ts': ['../lib/a'],
      'src/sipd/server.ts': ['./message/parse', '../lib/a'],
      'src/sipd/message/parse.ts': [],
      'src/lib/a.ts': ['./b', 'node:path', 'pino'],
      'src/lib/b.ts': [],
      'scripts/phone/phone.ts': ['../../src/lib/a'],
      'scripts/demo.ts': ['../src/app', './phone/phone'],
    });
    expect(faults).toEqual([]);
  });

  test('every room is below those above it, for values, types and imports at run time', async () => {
    const order = [
      'main',
      'app',
      'app/',
      'cli',
      'http',
      'sip',
      'calls',
      'assist',
      'numbers',
      'dialplan',
      'ivr',
      'acd',
      'media',
      'events',
      'store',
    ];
    const fileOf = (room: string): string =>
      room === 'main' || room === 'app' ? `src/${room}.ts` : `src/${room.replace('/', '')}/x.ts`;
    const files = order.map((room, index): [string, string[]] => {
      if (index === 0) return [fileOf(room), []];
      const relative = path.relative(path.dirname(fileOf(room)), fileOf(order[index - 1]!)).replace(/\.ts$/, '');
      const upper = relative.startsWith('.') ? relative : `./${relative}`;
      const ways = [upper, `import type { here } from '${upper}';`, `export const later = import('${upper}');`];

      return [fileOf(room), [ways[index % ways.length]!]];
    });
    const faults = await broken(Object.fromEntries(files));
    const expected = order.slice(1).map((room, index) => {
      const name = room === 'app' ? 'app.ts' : room.replace('/', '');

      return `${name}-imports-downward-only: ${fileOf(room)} -> ${fileOf(order[index]!)}`;
    });
    expect(faults).toEqual(expected.sort());
  });

  test('neighbours on one floor do not import each other', async () => {
    const faults = await broken({
      'src/http/x.ts': ['../desk/x'],
      'src/desk/x.ts': [],
      'src/reports/x.ts': ['../webhooks/x'],
      'src/webhooks/x.ts': [],
    });
    expect(faults).toEqual([
      'http-imports-downward-only: src/http/x.ts -> src/desk/x.ts',
      'reports-imports-downward-only: src/reports/x.ts -> src/webhooks/x.ts',
    ]);
  });

  test('there are no rings, not even of types, not even inside a room', async () => {
    const faults = await broken({
      'src/calls/a.ts': ['./b'],
      'src/calls/b.ts': ["import type { here } from './c';"],
      'src/calls/c.ts': ['./a'],
    });
    expect(faults).toEqual([expect.stringMatching(/^no-rings: src\/calls\//)]);
  });

  test('lib imports nothing of ours', async () => {
    const faults = await broken({
      'src/lib/a.ts': ['../store/x', '../sipd/x'],
      'src/store/x.ts': [],
      'src/sipd/x.ts': [],
    });
    expect(faults).toEqual([
      'lib-imports-nothing-of-ours: src/lib/a.ts -> src/sipd/x.ts',
      'lib-imports-nothing-of-ours: src/lib/a.ts -> src/store/x.ts',
      'only-the-wiring-starts-sipd: src/lib/a.ts -> src/sipd/x.ts',
    ]);
  });

  test('sipd and the embedded media are libraries, and only the wiring starts sipd', async () => {
    const faults = await broken({
      'src/sipd/x.ts': ['../acd/x'],
      'src/acd/x.ts': [],
      'src/media/embedded/x.ts': ['../../store/x'],
      'src/store/x.ts': [],
      'src/sip/x.ts': ['../sipd/y'],
      'src/sipd/y.ts': [],
    });
    expect(faults).toEqual([
      'embedded-media-is-a-library: src/media/embedded/x.ts -> src/store/x.ts',
      'only-the-wiring-starts-sipd: src/sip/x.ts -> src/sipd/y.ts',
      'sipd-is-a-library: src/sipd/x.ts -> src/acd/x.ts',
    ]);
  });

  test('a file outside the rooms is not overlooked', async () => {
    const faults = await broken({
      'src/attic/x.ts': ['../lib/a'],
      'src/calls/x.ts': ['../helpers'],
      'src/helpers.ts': [],
      'src/lib/a.ts': [],
    });
    expect(faults).toEqual([
      'every-file-has-a-room: src/attic/x.ts -> src/lib/a.ts',
      'no-imports-from-outside-the-rooms: src/calls/x.ts -> src/helpers.ts',
    ]);
  });

  test('packages stay in their rooms, and the server needs no package of development', async () => {
    const faults = await broken({
      'src/calls/x.ts': ['drachtio-srf', 'fastify'],
      'src/sipd/x.ts': ['ioredis'],
      'src/lib/x.ts': ['prettier'],
    });
    expect(faults.map((fault) => fault.replace(/ -> .*node_modules\//, ' -> '))).toEqual([
      expect.stringMatching(/^drachtio-stays-in-sip: src\/calls\/x\.ts -> drachtio-srf\//),
      expect.stringMatching(/^fastify-stays-in-http: src\/calls\/x\.ts -> fastify\//),
      expect.stringMatching(/^no-development-packages: src\/lib\/x\.ts -> prettier\//),
      expect.stringMatching(/^redis-stays-below: src\/sipd\/x\.ts -> ioredis\//),
    ]);
  });

  test('the server needs neither tools nor tests, and the phone nothing of the server', async () => {
    const faults = await broken({
      'src/calls/x.ts': ['../../scripts/phone/x', '../../test/support/x'],
      'src/calls/y.ts': [],
      'scripts/phone/x.ts': [],
      'scripts/phone/y.ts': ['../../src/calls/y'],
      'test/support/x.ts': [],
    });
    expect(faults).toEqual([
      'src-stands-alone: src/calls/x.ts -> scripts/phone/x.ts',
      'src-stands-alone: src/calls/x.ts -> test/support/x.ts',
      'the-phone-knows-only-lib: scripts/phone/y.ts -> src/calls/y.ts',
    ]);
  });

  test('an import that leads nowhere is a fault', async () => {
    expect(await broken({ 'src/calls/x.ts': ['./gone'] })).toEqual([
      'imports-lead-somewhere: src/calls/x.ts -> ./gone',
    ]);
  });
});

test('the house keeps to its rule', async () => {
  expect(await cruise(inProject(), ['src', 'scripts'])).toEqual([]);
});
