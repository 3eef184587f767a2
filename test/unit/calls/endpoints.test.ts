import { Call, type CallHome } from '../../../src/calls/call';
import { dropEndpoint, keepEndpoint } from '../../../src/calls/endpoints';
import { hearKey } from '../../../src/calls/keys';
import type { CallRecord } from '../../../src/calls/record';
import type { CallState } from '../../../src/calls/state';
import type { Plan } from '../../../src/dialplan/model';
import { TypedEmitter } from '../../../src/lib/emitter';
import type { Endpoint, EndpointEvents } from '../../../src/media/port';

/** As much of a call as keys and endpoints need. */
function callIn(state: CallState): { call: Call; pressed: string[] } {
  const pressed: string[] = [];
  const recorder = { seatDigit: (_call: Call, digit: string) => pressed.push(digit) };

  return {
    call: new Call({ state } as CallRecord, {} as Plan, { recorder } as unknown as CallHome),
    pressed,
  };
}

function endpoint(): { endpoint: Endpoint; closed: () => boolean } {
  let closed = false;
  const events = new TypedEmitter<EndpointEvents>((error) => {
    throw error;
  });
  const end = { events, close: () => Promise.resolve(void (closed = true)) };

  return { endpoint: end as unknown as Endpoint, closed: () => closed };
}

test('an endpoint that comes after the end of its call is closed at once', () => {
  const { call } = callIn('ended');
  const late = endpoint();
  expect(() => keepEndpoint(call, 'terminal', late.endpoint)).toThrow(expect.objectContaining({ code: 'CALL_GONE' }));
  expect(late.closed()).toBe(true);
  expect(call.endpoints.terminal).toBeUndefined();
});

test('the way of the first key counts until the media of that side move', async () => {
  const { call, pressed } = callIn('talking');
  expect(hearKey(call, 'seat', 'info', '1')).toBe(true);
  expect(hearKey(call, 'seat', 'rtp', '1')).toBe(false);
  keepEndpoint(call, 'seat', endpoint().endpoint);
  expect(hearKey(call, 'seat', 'rtp', '2')).toBe(true);
  expect(hearKey(call, 'seat', 'info', '2')).toBe(false);
  await dropEndpoint(call, 'seat');
  expect(hearKey(call, 'seat', 'info', '3')).toBe(true);
  expect(pressed).toEqual(['1', '2', '3']);
});
