import { UsageError } from '../../../scripts/bench/options';
import { readCounters, type Step } from '../../../scripts/bench/uas-load';
import { readUasOptions, uasHelp } from '../../../scripts/bench/uas-options';
import { cleanRate, uasTable } from '../../../scripts/bench/uas-report';

const step = (of: Partial<Step>): Step => ({
  ...{ side: 'Sightline', rate: 400, calls: 100, failed: 0, clean: true, reached: 400 },
  ...{ serverMicros: 500, applicationMicros: 300, callerMicros: 200, serverCore: 20, p50: 1, p99: 9 },
  ...{ repeats: 0, dropped: 0 },
  ...of,
});

test('a drachtio-server is measured too where it is named, and its secret is read from the URL', () => {
  expect(readUasOptions([], {})).toMatchObject({ rates: [400, 700, 1000], rounds: 3, drachtio: undefined });
  const env = { DRACHTIO_URL: 'tcp://:a%40b@127.0.0.1:9322', DRACHTIO_SIP: '127.0.0.1:5370' };
  expect(readUasOptions(['--drachtio-pid', '4,5', '--rates', '10'], env)).toMatchObject({
    rates: [10],
    drachtio: {
      control: { host: '127.0.0.1', port: 9322, secret: 'a@b' },
      sip: { host: '127.0.0.1', port: 5370 },
      pids: [4, 5],
    },
  });
});

test('what cannot be read is told', () => {
  expect(() => readUasOptions(['--rates', '10,x'], {})).toThrow(UsageError);
  expect(() => readUasOptions([], { DRACHTIO_URL: 'tcp://:s@127.0.0.1:9322' })).toThrow(/DRACHTIO_SIP/);
  expect(() => readUasOptions([], { DRACHTIO_URL: 'x', DRACHTIO_SIP: '127.0.0.1:1' })).toThrow(/DRACHTIO_URL/);
  expect(uasHelp()).toMatch(/--rates[\s\S]*--drachtio-pid/);
});

test('the last line of the statistics of sipp counts', () => {
  const text = 'SuccessfulCall(C);Retransmissions(C);\n1;0;\n8;2;\n';
  expect(readCounters(text).get('SuccessfulCall(C)')).toBe(8);
  expect(readCounters(text).get('Retransmissions(C)')).toBe(2);
  expect(readCounters('').get('SuccessfulCall(C)')).toBeUndefined();
});

test('a rate is clean when most rounds were, and the ratio is that of the medians', () => {
  const other = { side: 'drachtio-server', serverMicros: 1000 } as const;
  const steps = [
    ...[step({ serverMicros: 400 }), step({ serverMicros: 500 }), step({ serverMicros: 900, clean: false, failed: 3 })],
    ...[step(other), step({ ...other, serverMicros: 1100, clean: false }), step({ ...other, rate: 700, clean: false })],
    step({ rate: 700 }),
  ];
  expect(cleanRate(steps, 'Sightline')).toBe(700);
  expect(cleanRate(steps, 'drachtio-server')).toBe(0);
  expect(uasTable(steps)).toContain(
    '| 400 | Sightline | 500 (400 - 900); 20 % | 300 | 200 | 3; 2 of 3 | 1 / 9 | 0.48 |',
  );
  expect(uasTable([step({})])).toContain('| 1 / 9 |  |');
});
