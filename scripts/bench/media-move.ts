import { Closer } from '../../src/lib/closer';
import type { RtpPeer } from '../phone/rtp';
import { startServer, type ServerProcess } from '../phone/server-process';
import { dial, hangUp, openPhone, pause, takeNext } from './media-calls';
import { round, Samples, type Percentiles } from './numbers';

export interface MoveReport {
  /** The longest time without a packet of sound around a move, less the 20 ms between two packets; both sides. */
  anchorGap: Percentiles | undefined;
  releaseGap: Percentiles | undefined;
  /** From the request to its answer, when both sides have changed over. */
  anchor: Percentiles | undefined;
  release: Percentiles | undefined;
}

const packetMs = 20;

/** Two phones talk end to end; recording them takes their media through the server, and ends with them end to end again. */
export async function measureMoves(moves: number): Promise<MoveReport> {
  const opened = new Closer();
  try {
    const server = await startServer({ site: 'demo' });
    opened.add('server', () => server.stop());
    const terminal = await openPhone(opened, server, '1001', 'demo-terminal');
    const seat = await openPhone(opened, server, '2001', 'demo-seat');
    await seat.phone.register();
    const taken = takeNext(seat);
    const call = dial(terminal, '6100');
    await taken;
    await call.untilEstablished();
    const peers = [terminal.peer, seat.peer];
    for (const peer of peers)
      peer.audio.say({
        samples: (start, count) => Int16Array.from({ length: count }, (_, at) => ((start + at) % 20) * 400),
      });
    const samples = {
      anchorGap: new Samples(),
      releaseGap: new Samples(),
      anchor: new Samples(),
      release: new Samples(),
    };
    for (let count = 0; count < moves; count++) {
      process.stderr.write(`move: ${count + 1} of ${moves}\n`);
      await around(peers, samples.anchorGap, samples.anchor, () => record(server, 'start'));
      await around(peers, samples.releaseGap, samples.release, () => record(server, 'stop'));
    }
    await hangUp(call);

    return {
      anchorGap: samples.anchorGap.percentiles(),
      releaseGap: samples.releaseGap.percentiles(),
      anchor: samples.anchor.percentiles(),
      release: samples.release.percentiles(),
    };
  } finally {
    await opened.close();
  }
}

/** The longest gap at each peer from a second before the move to a second after it. */
async function around(
  peers: readonly RtpPeer[],
  gaps: Samples,
  times: Samples,
  move: () => Promise<void>,
): Promise<void> {
  const watches = peers.map(watchGaps);
  await pause(1000);
  const begin = performance.now();
  await move();
  times.add(round(performance.now() - begin));
  await pause(1000);
  for (const stop of watches) gaps.add(round(Math.max(0, stop() - packetMs)));
}

function watchGaps(peer: RtpPeer): () => number {
  let last: number | undefined;
  let longest = 0;
  const off = peer.audio.on('sound', ({ at }) => {
    if (last !== undefined) longest = Math.max(longest, at - last);
    last = at;
  });

  return () => {
    off();

    return longest;
  };
}

async function record(server: ServerProcess, action: 'start' | 'stop'): Promise<void> {
  const { calls } = (await ask(server, 'GET', '/v1/calls')) as { calls: { id: string }[] };
  const id = calls[0]?.id;
  if (id === undefined) throw new Error('the call is gone');
  await ask(server, 'POST', `/v1/calls/${id}/recording`, { action });
}

async function ask(server: ServerProcess, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${server.apiToken}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${JSON.stringify(answer)}`);

  return answer;
}
