import { prometheus, startSipd } from '../../../src/sipd';
import { bearer, eachListening, terminal } from './listening';

const start = eachListening();

test('the counters of the SIP server, for the API token alone', async () => {
  const sipd = await startSipd();
  try {
    const server = await start({ metrics: () => prometheus(sipd.stats()) });
    const answer = await server.fetch('/v1/metrics', { headers: bearer });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toBe(prometheus(sipd.stats()));
    expect((await server.fetch('/v1/metrics', { headers: terminal })).status).toBe(403);
    expect((await server.fetch('/v1/metrics')).status).toBe(401);
  } finally {
    await sipd.close();
  }
});
