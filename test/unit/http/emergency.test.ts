import { bearer, eachListening, emergencyInMemory, post, terminal } from './listening';

const start = eachListening();
const path = '/v1/emergency';
const text = { en: 'Line 3 is closed', 'zh-TW': '三號線停駛' };

describe('the emergency message', () => {
  test('none is in force, then one, then another, then none', async () => {
    const server = await start();
    const look = async (): Promise<unknown> => (await server.fetch(path, { headers: bearer })).json();
    expect(await look()).toEqual({ on: false });
    const set = await server.fetch(path, post({ text }, bearer));
    expect(set.status).toBe(200);
    expect(await set.json()).toEqual({ on: true, text, refuse: false, since: '1970-01-01T00:00:01.000Z' });
    await server.fetch(path, post({ text: { en: 'Closed' }, refuse: true }, bearer));
    expect(await look()).toMatchObject({ on: true, text: { en: 'Closed' }, refuse: true });
    const cleared = await server.fetch(path, { method: 'DELETE', headers: bearer });
    expect(cleared.status).toBe(204);
    expect(await look()).toEqual({ on: false });
    expect((await server.fetch(path, { method: 'DELETE', headers: bearer })).status).toBe(204);
  });

  test.each<[body: unknown, detail: string]>([
    [{}, "the body lacks 'text'"],
    [{ text: {} }, "'text' must not be empty"],
    [{ text: { English: 'x' } }, "'text' has 'English', which is not known here"],
    [{ text: { en: '' } }, "'text.en' must not be empty"],
    [{ text: { en: 'x'.repeat(501) } }, "'text.en' must have at most 500 characters"],
    [{ text: { en: 5 } }, "'text.en' must be text"],
    [{ text, refuse: 'yes' }, "'refuse' must be true or false"],
    [{ text, until: 'noon' }, "the body has 'until', which is not known here; known are text, refuse"],
  ])('%j is refused in words, and sets nothing', async (body, detail) => {
    const emergency = emergencyInMemory();
    const server = await start({ emergency });
    const answer = await server.fetch(path, post(body, bearer));
    expect(await answer.json()).toMatchObject({ status: 400, code: 'BAD_REQUEST', detail });
    expect(await emergency.get()).toBeUndefined();
  });

  test('a terminal may neither see, set nor take back one', async () => {
    const emergency = emergencyInMemory();
    const server = await start({ emergency });
    expect((await server.fetch(path, post({ text }, terminal))).status).toBe(403);
    expect(await emergency.get()).toBeUndefined();
    await server.fetch(path, post({ text }, bearer));
    expect((await server.fetch(path, { method: 'DELETE', headers: terminal })).status).toBe(403);
    expect((await server.fetch(path, { headers: terminal })).status).toBe(403);
    expect(await emergency.get()).toMatchObject({ text });
  });
});
