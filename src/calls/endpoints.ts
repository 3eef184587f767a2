import type { Endpoint, EndpointOptions, MediaServer } from '../media/port';
import { SightlineError } from '../lib/errors';
import type { Call } from './call';
import { forgetKeyWay, hearKey } from './keys';
import type { Side } from './sides';

/** The engine, when it can be used now. @throws SightlineError MEDIA_UNAVAILABLE */
export function engineOf(call: Call): MediaServer {
  const { media } = call.home;
  if (!media?.available) throw new SightlineError('MEDIA_UNAVAILABLE');

  return media;
}

export function hasEngine(call: Call): boolean {
  return call.home.media?.available === true;
}

/** Makes an endpoint for one side of a call. It belongs to nobody until `keepEndpoint`. */
export function makeEndpoint(call: Call, options: Omit<EndpointOptions, 'label'>): Promise<Endpoint> {
  return engineOf(call).createEndpoint({ label: call.id, ...options });
}

/**
 * Gives an endpoint to a side of the call, and listens to it; the one that the side had before is closed.
 *
 * @throws SightlineError CALL_GONE when the call has ended while the endpoint was made; then it is closed.
 */
export function keepEndpoint(call: Call, side: Side, endpoint: Endpoint): void {
  if (call.ended) {
    void endpoint.close();
    throw new SightlineError('CALL_GONE');
  }
  forgetKeyWay(call, side);
  const former = call.endpoints[side];
  call.endpoints[side] = endpoint;
  if (former && former !== endpoint) void former.close();
  endpoint.events.on('dtmf', ({ digit }) => {
    // Whatever else hears this key stops what it says before the key leads on to something new.
    queueMicrotask(() => {
      if (call.endpoints[side] === endpoint) pressed(call, side, digit);
    });
  });
  endpoint.events.on('ended', (reason) => {
    if (call.endpoints[side] === endpoint) call.home.stages.mediaLost(call, side, reason);
  });
}

function pressed(call: Call, side: Side, digit: string): void {
  try {
    hearKey(call, side, 'rtp', digit);
  } catch (error) {
    call.failed(error);
  }
}

/** Gives back what one side has at the engine. A bridge lives only as long as both of its ends. */
export async function dropEndpoint(call: Call, side: Side): Promise<void> {
  const { bridge } = call.endpoints;
  const endpoint = call.endpoints[side];
  call.endpoints[side] = undefined;
  call.endpoints.bridge = undefined;
  forgetKeyWay(call, side);
  await bridge?.close();
  await endpoint?.close();
}

/** Gives back everything that the call has at the engine. Twice is harmless. */
export async function dropEndpoints(call: Call): Promise<void> {
  const { terminal, seat, bridge } = call.endpoints;
  call.endpoints.terminal = call.endpoints.seat = call.endpoints.bridge = undefined;
  forgetKeyWay(call, 'terminal');
  forgetKeyWay(call, 'seat');
  await bridge?.close();
  await Promise.all([terminal?.close(), seat?.close()]);
}

/** Lets the two sides hear and see each other through the engine. */
export async function bridgeEndpoints(call: Call): Promise<void> {
  const { terminal, seat } = call.endpoints;
  if (!terminal || !seat) throw new SightlineError('MEDIA_GONE');
  call.endpoints.bridge = await engineOf(call).bridge(terminal, seat);
}
