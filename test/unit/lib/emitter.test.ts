import { TypedEmitter } from '../../../src/lib/emitter';

type Events = { ring: [seat: string, times: number]; stop: [] };

function heard(emitter: TypedEmitter<Events>): string[] {
  const calls: string[] = [];
  emitter.on('ring', (seat, times) => calls.push(`${seat} ${times}`));

  return calls;
}

describe('TypedEmitter', () => {
  test('gives every listener the arguments, in the order in which they came', () => {
    const emitter = new TypedEmitter<Events>();
    const order: string[] = [];
    emitter.on('ring', (seat, times) => order.push(`first ${seat} ${times}`));
    emitter.on('ring', (seat, times) => order.push(`second ${seat} ${times}`));
    expect(emitter.emit('ring', '2001', 3)).toBe(true);
    expect(order).toEqual(['first 2001 3', 'second 2001 3']);
  });

  test('says when nobody listens', () => {
    const emitter = new TypedEmitter<Events>();
    expect(emitter.emit('stop')).toBe(false);
  });

  test('a listener is taken away by what `on` returned, or by `off`; twice is harmless', () => {
    const emitter = new TypedEmitter<Events>();
    const calls: string[] = [];
    const listener = (): void => void calls.push('stop');
    const off = emitter.on('stop', listener);
    off();
    off();
    emitter.on('stop', listener);
    emitter.off('stop', listener);
    emitter.off('stop', listener);
    emitter.emit('stop');
    expect(calls).toEqual([]);
    expect(emitter.listenerCount('stop')).toBe(0);
  });

  test('`once` hears one event, even when its listener emits another', () => {
    const emitter = new TypedEmitter<Events>();
    let times = 0;
    emitter.once('stop', () => {
      times += 1;
      emitter.emit('stop');
    });
    emitter.emit('stop');
    emitter.emit('stop');
    expect(times).toBe(1);
    const off = emitter.once('stop', () => (times += 1));
    off();
    emitter.emit('stop');
    expect(times).toBe(1);
  });

  test('a listener that throws is reported, and the others still run', () => {
    const reported: [unknown, string][] = [];
    const emitter = new TypedEmitter<Events>((error, event) => reported.push([error, event]));
    const fault = new Error('broken listener');
    emitter.on('ring', () => {
      throw fault;
    });
    const calls = heard(emitter);
    expect(emitter.emit('ring', '2001', 1)).toBe(true);
    expect(calls).toEqual(['2001 1']);
    expect(reported).toEqual([[fault, 'ring']]);
  });

  test('without a reporter of its own a throw becomes a warning of the process, never an exception', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const emitter = new TypedEmitter<Events>();
    emitter.on('stop', () => {
      throw new Error('quite broken');
    });
    emitter.emit('stop');
    const text = String(warn.mock.calls[0]?.[0]);
    warn.mockRestore();
    expect(text).toMatch(/^A listener of 'stop' threw: Error: quite broken/);
  });

  test('listeners added or removed during an event count from the next one on', () => {
    const emitter = new TypedEmitter<Events>();
    const calls: string[] = [];
    const late = (): void => void calls.push('late');
    emitter.on('stop', () => {
      calls.push('first');
      emitter.on('stop', late);
    });
    emitter.emit('stop');
    expect(calls).toEqual(['first']);
    emitter.emit('stop');
    expect(calls).toEqual(['first', 'first', 'late']);
  });

  test('removeAllListeners leaves nobody', () => {
    const emitter = new TypedEmitter<Events>();
    const calls = heard(emitter);
    emitter.removeAllListeners();
    expect(emitter.emit('ring', '2001', 1)).toBe(false);
    expect(calls).toEqual([]);
  });
});
