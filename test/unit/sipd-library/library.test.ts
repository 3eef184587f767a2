import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { inProject } from '../../../src/lib/paths';

/** What the package needs of others, and what one needs to use it. */
const needed = ['pino', 'ws', 'drachtio-srf', '@types/node', 'undici-types'];
const toolkit = inProject('node_modules');

interface Outcome {
  code: number;
  text: string;
}

let project: string;

/** Runs a program in the project. It has to end by itself: what is left open would keep it, and then it is killed. */
function run(command: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd: project, timeout: 60_000, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, text: stdout + stderr });
    });
  });
}

async function node(...args: string[]): Promise<string> {
  const { code, text } = await run(process.execPath, ...args);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${code}\n${text}`);

  return text;
}

/** The blocks of code in README.md: those that name a file, by its name, and the others by their language. */
async function blocks(): Promise<Map<string, string>> {
  const text = await readFile(inProject('src', 'sipd', 'README.md'), 'utf8');
  const found = [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language = '', code = '']) => {
    return [/^\/\/ (\S+)\n/.exec(code)?.[1] ?? language, code] as const;
  });

  return new Map(found);
}

/** An empty project with the package as `npm pack` makes it, and nothing else but what it needs. */
beforeAll(async () => {
  project = await mkdtemp(path.join(os.tmpdir(), 'sightline-library-'));
  const modules = path.join(project, 'node_modules');
  await mkdir(path.join(modules, 'sightline'), { recursive: true });
  await mkdir(path.join(modules, '@types'));
  await run('npm', 'pack', inProject(), '--ignore-scripts', '--silent', '--pack-destination', project);
  const { name, version } = JSON.parse(await readFile(inProject('package.json'), 'utf8')) as Record<string, string>;
  await run('tar', '-xzf', `${name}-${version}.tgz`, '--strip-components=1', '-C', path.join(modules, 'sightline'));
  for (const one of needed) await symlink(path.join(toolkit, one), path.join(modules, one));
  await writeFile(path.join(project, 'package.json'), '{ "name": "empty", "private": true }');
  for (const [file, code] of await blocks()) if (file.includes('.')) await writeFile(path.join(project, file), code);
}, 60_000);
afterAll(() => rm(project, { recursive: true, force: true }));

test('the package has the built library with its types, its README and what the server itself reads', () => {
  const has = (...parts: string[]): boolean => existsSync(path.join(project, 'node_modules', 'sightline', ...parts));
  expect(has('dist', 'src', 'sipd', 'index.js') && has('dist', 'src', 'sipd', 'index.d.ts')).toBe(true);
  expect(has('src', 'sipd', 'README.md') && has('LICENSE') && has('dist', 'src', 'main.js')).toBe(true);
  expect(has('dialplans', 'demo') && has('src', 'store', 'lua') && !has('test') && !has('dist', 'scripts')).toBe(true);
});

test('plain JavaScript: started on any port, called, counted, closed, with nothing left open', async () => {
  await writeFile(
    path.join(project, 'plain.js'),
    `const dgram = require('node:dgram');
    const { startSipd } = require('sightline/sipd');
    const lines = ['OPTIONS sip:a@127.0.0.1 SIP/2.0', 'Via: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK1', 'From: <sip:a@b>;tag=1',
      'To: <sip:a@127.0.0.1>', 'Call-ID: 1', 'CSeq: 1 OPTIONS', 'Max-Forwards: 70', 'Content-Length: 0', '', ''];
    (async () => {
      const sipd = await startSipd({ udpPort: 0, tcpPort: 0, wsPort: 0 });
      const phone = dgram.createSocket('udp4');
      phone.send(lines.join('\\r\\n'), sipd.addresses.udp.port, '127.0.0.1');
      const answer = await new Promise((come) => phone.once('message', come));
      phone.close();
      console.log(String(answer).split('\\r\\n')[0], sipd.stats().messages.in.requests.OPTIONS);
      await sipd.close();
      await sipd.close();
      // The system lets go of sockets after a turn of the event loop; then the streams of the process are all that is left.
      const left = () => process.getActiveResourcesInfo().filter((one) => !/Pipe|TTY|Immediate/.test(one));
      setImmediate(() => setImmediate(() => console.log(left())));
    })();`,
  );
  expect(await node('plain.js')).toBe('SIP/2.0 503 Service Unavailable 1\n[]\n');
}, 60_000);

test('TypeScript: the types are right, wrong ones are told, and the program runs', async () => {
  await writeFile(
    path.join(project, 'wrong.ts'),
    `import { startSipd } from 'sightline/sipd';\n// @ts-expect-error A port is a number.\nvoid startSipd({ udpPort: 'x' });\n`,
  );
  const flags = ['--strict', '--types', 'node', '--target', 'ES2022', '--lib', 'ES2022', '--module', 'Node16'];
  await node(path.join(toolkit, 'typescript', 'bin', 'tsc'), ...flags, '--outDir', 'built', 'typed.ts', 'wrong.ts');
  expect(await node(path.join('built', 'typed.js'))).toBe('0 true 0\n');
}, 60_000);

test('the types are found where modules are resolved in the old way, too', () => {
  const options = { moduleResolution: ts.ModuleResolutionKind.Node10 };
  const { resolvedModule } = ts.resolveModuleName('sightline/sipd', path.join(project, 'typed.ts'), options, ts.sys);
  expect(resolvedModule?.resolvedFileName).toMatch(/dist\/src\/sipd\/index\.d\.ts$/);
});

describe('README.md', () => {
  test('every block of code is run here', async () => {
    const modules = ['start.mjs', 'trace.mjs', 'metrics.mjs', 'route.mjs', 'secure.mjs'];
    const scripts = [...modules, 'application.js', 'application.test.js', 'typed.ts'];
    expect([...(await blocks()).keys()].sort()).toEqual([...scripts, 'text'].sort());
  });

  test('start', async () => {
    expect(await node('start.mjs')).toMatch(/^SIP over UDP is at \{ address: '127\.0\.0\.1', port: \d+ \}\n$/);
  }, 60_000);

  test('the tests of an application, and the ladder where one fails', async () => {
    const jest = [path.join(toolkit, 'jest', 'bin', 'jest.js'), '--rootDir', project, '-w', '1', '--ci'];
    expect(await node(...jest)).toContain('Tests:       3 passed, 3 total');
    const code = (await blocks()).get('application.js')!;
    await writeFile(path.join(project, 'application.js'), code.replace('603', '403'));
    const failed = await run(process.execPath, ...jest);
    expect(failed.text).toMatch(/\+ +"status": 403[^]*\|<-+ 403 Forbidden \(INVITE \d+\)/);
    expect(failed.text).toContain('Tests:       1 failed, 2 passed, 3 total');
  }, 120_000);

  test('a trace, printed and written', async () => {
    const alike = (text: string): string =>
      text
        .replace(/\d{5,}/g, 'N')
        .replace(/0\.\d{3}/g, 'T')
        .replace(/[ -]+/g, '-');
    expect(alike(await node('trace.mjs')).trim()).toBe(alike((await blocks()).get('text')!).trim());
    const { text } = await run('tcpdump', '-nn', '-r', 'trace.pcap');
    expect(text.match(/ IP 127\.0\.0\.1/g)).toHaveLength(5);
  }, 60_000);

  test('a web server that says where requests go', async () => {
    expect(await node('route.mjs')).toBe('INVITE sales\n486 Closed\n');
  }, 60_000);

  test('the control port over TLS, and files that cannot serve', async () => {
    expect(await node('secure.mjs')).toBe('applications over TLS: 1\ntrue control.pem holds no private key in PEM\n');
  }, 60_000);

  test('metrics', async () => {
    expect(await node('metrics.mjs')).toContain('sightline_sip_requests_total{direction="in",method="INVITE"} 0\n');
  }, 60_000);
});
