import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { environmentHelp } from '../../../src/lib/config';
import { inProject } from '../../../src/lib/paths';

const conf = inProject('freeswitch-conf');
const files = readdirSync(conf, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.xml'))
  .map((entry) => path.join(entry.parentPath, entry.name));
const vars = readFileSync(path.join(conf, 'vars.xml'), 'utf8');
const readme = readFileSync(path.join(conf, 'README.md'), 'utf8');

function all(pattern: RegExp, text: string): string[] {
  return [...text.matchAll(pattern)].map(([, found]) => found ?? '');
}

describe('the configuration of FreeSWITCH', () => {
  const fromEnvironment = all(/cmd="env-set" data="\w+=\$(\w+)"/g, vars);

  test.each(files.map((file) => [path.relative(conf, file), file]))('%s closes what it opens', (_, file) => {
    const text = readFileSync(file, 'utf8').replace(/<!--[\s\S]*?-->|<\?[\s\S]*?\?>/g, '');
    const open: string[] = [];
    for (const [, closing, name, rest] of text.matchAll(/<(\/?)([\w-]+)([^>]*)>/g)) {
      if (closing) expect(open.pop()).toBe(name);
      else if (!rest?.endsWith('/')) open.push(name ?? '');
    }
    expect(open).toEqual([]);
  });

  test('each variable that is used is set', () => {
    const set = new Set(all(/cmd="set" data="(\w+)=/g, vars));
    const used = new Set(files.flatMap((file) => all(/\$\$\{(\w+)\}/g, readFileSync(file, 'utf8'))));
    expect([...used].filter((name) => !set.has(name))).toEqual([]);
    expect([...set].filter((name) => !used.has(name))).toEqual([]);
  });

  test('nothing listens for other machines unless it is asked to', () => {
    const defaults = new Map(
      all(/cmd="set" data="(\w+=[^"]*)"/g, vars).map((one) => one.split('=') as [string, string]),
    );
    for (const name of ['media_ip', 'media_esl_ip']) expect(defaults.get(name)).toBe('127.0.0.1');
    expect(defaults.get('media_sip_ip')).toBe('$${media_ip}');
    expect(defaults.get('media_clients')).toBe('127.0.0.1/32');
  });

  test('a call is answered before it is handed to the application', () => {
    const dialplan = readFileSync(path.join(conf, 'dialplan', 'sightline.xml'), 'utf8');
    expect(dialplan.indexOf('application="answer"')).toBeGreaterThan(0);
    expect(dialplan.indexOf('application="socket"')).toBeGreaterThan(dialplan.indexOf('application="answer"'));
  });

  test('the README tells each setting and each file', () => {
    for (const name of fromEnvironment) expect(readme).toContain(`\`${name}\``);
    for (const file of files) expect(readme).toContain(path.basename(file));
  });
});

describe('the compose files', () => {
  interface Service {
    environment?: Record<string, string>;
    volumes?: string[];
  }
  const settings = new Set(environmentHelp.map(({ name }) => name));
  const freeswitch = new Set(all(/cmd="env-set" data="\w+=\$(\w+)"/g, vars));

  test.each([['compose.yaml'], ['compose.full.yaml']])('%s sets what there is, and mounts what is there', (name) => {
    const { services } = parse(readFileSync(inProject('docker', name), 'utf8')) as {
      services: Record<string, Service>;
    };
    for (const [service, { environment = {}, volumes = [] }] of Object.entries(services)) {
      const known = service === 'freeswitch' ? freeswitch : settings;
      expect(Object.keys(environment).filter((one) => !known.has(one))).toEqual([]);
      const folders = volumes.filter((one) => one.startsWith('..')).map((one) => one.split(':')[0] ?? '');
      for (const folder of folders) readdirSync(inProject('docker', folder));
    }
    expect(services.sightline?.environment?.FREESWITCH_URL !== undefined).toBe('freeswitch' in services);
  });

  test('the application and FreeSWITCH see files under the same paths', () => {
    const text = readFileSync(inProject('docker', 'compose.full.yaml'), 'utf8');
    const { services } = parse(text) as { services: Record<string, Service> };
    expect(services.freeswitch?.volumes).toEqual(expect.arrayContaining(services.sightline?.volumes ?? ['none']));
  });
});
