import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { callTable } from '../../../src/calls/state';
import { environmentHelp, readConfig } from '../../../src/lib/config';
import { inProject } from '../../../src/lib/paths';

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'dialplans/README.md'],
  ...readdirSync(inProject('docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

function read(page: string): string {
  return readFileSync(inProject(page), 'utf8');
}

/** The text of a heading as the anchor that it gets on the usual code hosts. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}

describe.each(pages)('%s', (page) => {
  const text = read(page);

  test('its links lead to files and headings that are there', () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map((match) => match[1]!);
    const dead = links.filter((link) => {
      const [file, fragment] = link.split('#') as [string, string?];
      const target = file === '' ? page : path.join(path.dirname(page), file);
      if (!existsSync(inProject(target))) return true;
      if (fragment === undefined) return false;
      const headings = [...read(target).matchAll(/^#+ (.+)$/gm)].map((match) => anchor(match[1]!));

      return !headings.includes(fragment);
    });
    expect(dead).toEqual([]);
  });

  test('the files that it names are there', () => {
    const named = [...text.matchAll(/(?<![\w/])((?:src|test|scripts|dialplans|docs)\/[\w./-]*\w)(?![\w*])/g)].map(
      (match) => match[1]!,
    );
    expect([...new Set(named)].filter((name) => !existsSync(inProject(name)))).toEqual([]);
  });
});

test('README.md leads to every page', () => {
  const links = [...read('README.md').matchAll(/\]\(([\w./-]+\.md)\)/g)].map((match) => match[1]!);
  expect(links).toEqual(expect.arrayContaining(pages.filter((page) => page !== 'README.md')));
});

test('docs/configuration.md has every variable that is read, in the same order, with its default', () => {
  const rows = [...read('docs/configuration.md').matchAll(/^\| `([A-Z_]+)` \| (.+?) \| .+ \|$/gm)];
  expect(rows.map((row) => row[1])).toEqual(environmentHelp.map(({ name }) => name));
  const told = Object.fromEntries(rows.map((row) => [row[1], row[2]!.replaceAll('`', '')]));
  const config = readConfig({});
  expect(told).toMatchObject({
    SIGHTLINE_HOST: config.host,
    SIGHTLINE_SIP_PORT: String(config.sipPort),
    SIGHTLINE_SIP_TLS_PORT: String(config.tlsPort),
    SIGHTLINE_WS_PORT: String(config.wsPort),
    SIGHTLINE_WSS_PORT: String(config.wssPort),
    SIGHTLINE_TLS_CLIENTS: config.tlsClients,
    SIGHTLINE_SIP_IDLE: String(config.sipIdle),
    SIGHTLINE_HTTP_PORT: String(config.httpPort),
    SIGHTLINE_CONTROL_PORT: String(config.controlPort),
    SIGHTLINE_CONTROL_HOST: config.controlHost,
    SIGHTLINE_ROUTE_TIMEOUT: String(config.routeTimeout),
    SIGHTLINE_RTP_PORTS: `${config.rtpPorts.from}-${config.rtpPorts.to}`,
    SIGHTLINE_SITE: path.basename(config.sitePath),
    LOG_LEVEL: config.logLevel,
  });
});

test('docs/lifecycle.md draws the states of a call with the arrows that they have', () => {
  const rows = [...read('docs/lifecycle.md').matchAll(/^\| `(\w+)` \| [^|]+ \| ?(.*?) ?\|$/gm)];
  const drawn = rows.map((row) => [
    row[1],
    Object.fromEntries([...row[2]!.matchAll(/`([\w-]+)` → `(\w+)`/g)].map((arrow) => [arrow[1], arrow[2]])),
  ]);
  expect(Object.fromEntries(drawn)).toEqual(callTable);
});
