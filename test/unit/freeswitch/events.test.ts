import { isPlainPath, quoted } from '../../../src/media/freeswitch/channel';
import { isRefusal, readDump, readEslBody, readEslEvent, replyText } from '../../../src/media/freeswitch/esl-event';
import { readLoad } from '../../../src/media/freeswitch/load';
import { isPng, isWholePng } from '../../../src/media/freeswitch/png';
import { countersOf, Rates, ReportBook } from '../../../src/media/freeswitch/stats';

function raw(headers: Record<string, unknown>): unknown {
  return { headers: Object.entries(headers).map(([name, value]) => ({ name, value })) };
}

function event(headers: Record<string, unknown>) {
  const read = readEslEvent(raw(headers));
  if (!read) throw new Error('no event');

  return read;
}

describe('events of FreeSWITCH', () => {
  test('headers are found in any case, numbers become texts, the rest is left out', () => {
    const read = event({ 'Event-Name': 'CUSTOM', 'Event-Subclass': 'x::y', 'Unique-ID': 'u', 'Member-ID': 7, odd: {} });
    expect(read).toMatchObject({ name: 'CUSTOM', subclass: 'x::y', uuid: 'u' });
    expect([read.get('member-id'), read.get('odd'), read.get('none')]).toEqual(['7', undefined, undefined]);
  });

  test.each([[undefined], [null], [{}], [{ headers: 'x' }], [{ headers: [null, 7, { name: 1 }] }]])(
    '%j is no event',
    (value) => {
      expect(readEslEvent(value)).toBeUndefined();
      expect([readEslBody(value), replyText(value)]).toEqual(['', '']);
    },
  );

  test('answers tell whether they refuse', () => {
    expect(['+OK', '', '-ERR no', '-USAGE: x'].map(isRefusal)).toEqual([false, false, true, true]);
    expect(replyText(raw({ 'Reply-Text': '+OK' }))).toBe('+OK');
    expect(readEslBody({ body: 'text' })).toBe('text');
  });

  test('a dump is read line by line, in percent encoding where it can be', () => {
    const dump = readDump('a: 1\nvariable_x: a%20b: c\nvariable_y: 100%\n\nnonsense\n: z\n');
    expect([...dump]).toEqual([
      ['a', '1'],
      ['variable_x', 'a b: c'],
      ['variable_y', '100%'],
    ]);
  });
});

describe('paths in commands', () => {
  test('quotes, separators and ends of lines are not let through', () => {
    expect(['/a b/c.wav', "/a'b", '/a"b', '/a^b', '/a\nb', '/a{b', '/a!b', '/a\\b', ''].map(isPlainPath)).toEqual([
      true,
      ...Array<boolean>(8).fill(false),
    ]);
    expect(quoted('/a b.wav')).toBe("'/a b.wav'");
  });
});

describe('load', () => {
  const beat = (headers: Record<string, unknown>) => event({ 'Event-Name': 'HEARTBEAT', ...headers });

  test('is that of the sessions or of the processors, whichever is fuller', () => {
    expect(readLoad(undefined, 3)).toBe(0);
    expect(readLoad(beat({ 'Max-Sessions': '100', 'Session-Count': '20', 'Idle-CPU': '90.0' }), 0)).toBeCloseTo(0.2);
    expect(readLoad(beat({ 'Max-Sessions': '100', 'Session-Count': '20', 'Idle-CPU': '25' }), 0)).toBeCloseTo(0.75);
    expect(readLoad(beat({ 'Max-Sessions': '10', 'Session-Count': '2', 'Idle-CPU': 'x' }), 30)).toBe(1);
  });
});

describe('statistics', () => {
  const dump = new Map(
    Object.entries({
      variable_rtp_audio_in_packet_count: '500',
      variable_rtp_audio_in_media_bytes: '86000',
      variable_rtp_audio_in_flush_packet_count: '10',
      variable_rtp_audio_out_packet_count: '400',
      variable_rtp_audio_out_media_bytes: '64000',
    }),
  );
  const sent = (lost: number) =>
    event({ 'Event-Name': 'SEND_RTCP_MESSAGE', SSRC: 'aa', 'Source-Lost': lost, 'Source-Jitter': 80 });
  const received = (lost: number, rate = '8000') =>
    event({
      'Event-Name': 'RECV_RTCP_MESSAGE',
      SSRC: rate === '8000' ? 'aa' : 'bb',
      'RTP-Rate': rate,
      'Source0-Lost': lost,
      'Source0-Jitter': 160,
      'Rtt0-Avg': '0.021500',
    });

  test('losses are those that arrived neither late nor at all', () => {
    const book = new ReportBook();
    book.take(sent(16));
    expect(book.reports).toEqual({});
    book.take(received(3));
    const { stats } = countersOf(dump, { audio: 'pcmu' }, book.reports, 1000);
    expect(stats.audio?.received).toEqual({ packets: 500, bytes: 86_000, lost: 5, jitter: 10, bitRate: 0 });
    expect(stats.audio?.sent).toMatchObject({ packets: 400, bytes: 64_000, lost: 3, jitter: 20 });
    expect(stats.roundTrip).toBe(22);
    expect(stats.video).toBeUndefined();
  });

  test('more than was sent is no loss', () => {
    const book = new ReportBook();
    book.take(received(2 ** 32 - 2));
    expect(book.reports.audio?.sent?.lost).toBe(0);
    book.take(received(4, '90000'));
    expect(book.reports.video?.sent).toEqual({ lost: 4, jitter: 160 / 90 });
  });

  test('rates are taken over a second or more', () => {
    const rates = new Rates();
    const at = (time: number, bytes: number): number | undefined => {
      const fields = new Map(dump).set('variable_rtp_audio_in_media_bytes', String(bytes));
      const { stats, sample } = countersOf(fields, { audio: 'pcmu' }, {}, time);

      return rates.add(stats, sample).audio?.received.bitRate;
    };
    expect([at(1000, 0), at(1500, 4000), at(2000, 8000), at(2300, 9000), at(4000, 8000)]).toEqual([
      0, 0, 64_000, 64_000, 0,
    ]);
  });
});

describe('pictures', () => {
  const head = Buffer.from('89504e470d0a1a0a0000000d49484452000000020000000208020000000000000000', 'hex');

  test('are known by their head, and whole by their end', () => {
    expect([isPng(head), isPng(head.subarray(0, 20)), isPng(Buffer.from('GIF89a'))]).toEqual([true, false, false]);
    expect(isPng(Buffer.concat([head.subarray(0, 16), Buffer.alloc(20)]))).toBe(false);
    const end = Buffer.from('0000000049454e44ae426082', 'hex');
    expect([isWholePng(head), isWholePng(Buffer.concat([head, end]))]).toEqual([false, true]);
  });
});
