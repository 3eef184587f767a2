import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bearer, eachListening, raw } from './listening';

const start = eachListening();

describe('the pictures of a site', () => {
  let site: string;
  let assets: string;

  beforeAll(() => {
    site = mkdtempSync(path.join(os.tmpdir(), 'sightline-assets-'));
    assets = path.join(site, 'assets');
    mkdirSync(path.join(assets, 'maps'), { recursive: true });
    writeFileSync(path.join(site, 'directory.yaml'), 'password: secret');
    writeFileSync(path.join(site, 'outside.png'), 'outside');
    writeFileSync(path.join(assets, 'zones.png'), 'PNG');
    writeFileSync(path.join(assets, 'maps', 'hall 2.SVG'), '<svg/>');
    writeFileSync(path.join(assets, 'notes.txt'), 'notes');
    writeFileSync(path.join(assets, '.hidden.png'), 'hidden');
    mkdirSync(path.join(assets, 'folder.png'));
    symlinkSync('zones.png', path.join(assets, 'link.png'));
    symlinkSync('../directory.yaml', path.join(assets, 'leak.png'));
  });

  afterAll(() => rmSync(site, { recursive: true, force: true }));

  test('are served to everybody, with their type', async () => {
    const server = await start({ assets: () => assets });
    for (const [name, type, text] of [
      ['zones.png', 'image/png', 'PNG'],
      ['link.png', 'image/png', 'PNG'],
      ['maps/hall%202.SVG', 'image/svg+xml', '<svg/>'],
    ]) {
      const answer = await server.fetch(`/assets/${name}`);
      expect([name, answer.status]).toEqual([name, 200]);
      expect(answer.headers.get('content-type')).toBe(type);
      expect(answer.headers.get('content-length')).toBe(String(text!.length));
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(await answer.text()).toBe(text);
    }
    const head = await server.fetch('/assets/zones.png', { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '3']);
  });

  test('are asked for again only when they have changed', async () => {
    const server = await start({ assets: () => assets });
    const first = await server.fetch('/assets/zones.png');
    expect(first.headers.get('cache-control')).toBe('public, max-age=60');
    const known = { headers: { 'if-none-match': first.headers.get('etag')! } };
    await first.text();
    expect((await server.fetch('/assets/zones.png', known)).status).toBe(304);
    utimesSync(path.join(assets, 'zones.png'), 1, 1);
    expect((await server.fetch('/assets/zones.png', known)).status).toBe(200);
  });

  test('and nothing else of the folder, or of the machine', async () => {
    const server = await start({ assets: () => assets });
    const names = [
      'notes.txt',
      '.hidden.png',
      'none.png',
      'folder.png',
      'leak.png',
      '',
      'maps/',
      '/zones.png',
      '%2e%2e/outside.png',
      '..%2foutside.png',
      '%2e%2e%2fdirectory.yaml',
      '..%5coutside.png',
      'zones.png%00.png',
      '%2fetc%2fpasswd',
    ];
    for (const name of names) {
      const answer = await server.fetch(`/assets/${name}`, { headers: bearer });
      expect([name, answer.status]).toEqual([name, 404]);
      expect(await answer.json()).toMatchObject({ code: 'NOT_FOUND' });
    }
    const unresolved = await raw(
      server.port,
      'GET /assets/../../outside.png HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    );
    expect(unresolved).toMatch(/^HTTP\/1\.1 404 /);
  });

  test('a site without pictures has none', async () => {
    const server = await start({ assets: () => path.join(site, 'nothing') });
    expect((await server.fetch('/assets/zones.png')).status).toBe(404);
    const without = await start();
    expect((await without.fetch('/assets/zones.png')).status).toBe(404);
  });
});
