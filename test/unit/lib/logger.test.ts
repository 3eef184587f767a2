import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import pino from 'pino';
import { createLogger, redactUrl, silentLogger, type Logger } from '../../../src/lib/logger';

/** What a logger really writes to a stream, line by line. */
async function written(level: string, write: (log: Logger) => void): Promise<string[]> {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  write(createLogger(level, stream));
  stream.end();
  await once(stream, 'end');

  return Buffer.concat(chunks).toString().split('\n').filter(Boolean);
}

describe('createLogger', () => {
  test('writes one JSON object a line, with an ISO time and without the name of the machine', async () => {
    const lines = await written('info', (log) => {
      log.info({ call: 'call_1' }, 'first');
      log.warn('second\nwith a line break');
    });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { level: 30, time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/), call: 'call_1', msg: 'first' },
      { level: 40, time: expect.any(String), msg: 'second\nwith a line break' },
    ]);
  });

  test('keeps to its level', async () => {
    const lines = await written('warn', (log) => {
      log.debug('no');
      log.info('no');
      log.error('yes');
    });
    expect(lines).toHaveLength(1);
  });

  test.each(['password', 'secret', 'authorization', 'Authorization', 'ha1', 'apiToken'])(
    'the field %s never reaches the log, up to two objects deep',
    async (name) => {
      const [line] = await written('info', (log) => {
        log.info(
          { [name]: 'hunter2', user: { [name]: 'hunter2' }, request: { headers: { [name]: 'hunter2', via: 'x' } } },
          'm',
        );
      });
      expect(line).not.toContain('hunter2');
      expect(JSON.parse(line!)).toMatchObject({
        [name]: '[secret]',
        user: { [name]: '[secret]' },
        request: { headers: { [name]: '[secret]', via: 'x' } },
      });
    },
  );

  test('children and their fields are covered as well', async () => {
    const [line] = await written('info', (log) => log.child({ site: { password: 'hunter2' } }).info('m'));
    expect(line).not.toContain('hunter2');
  });

  test('the arguments of a Redis command that failed, AUTH among them, stay out', async () => {
    const error = Object.assign(new Error('WRONGPASS'), { command: { name: 'auth', args: ['default', 'hunter2'] } });
    const [line] = await written('info', (log) => log.error({ err: error }, 'the store refused'));
    expect(line).not.toContain('hunter2');
    expect(JSON.parse(line!)).toMatchObject({ err: { message: 'WRONGPASS', command: { name: 'auth' } } });
  });

  test('the silent logger writes nothing at all', () => {
    expect(silentLogger.isLevelEnabled('fatal')).toBe(false);
    expect(pino.levels.values.fatal).toBe(60);
  });
});

describe('redactUrl', () => {
  test.each([
    ['redis://user:hunter2@127.0.0.1:6379/2', 'redis://user:***@127.0.0.1:6379/2'],
    ['tcp://:hunter2@127.0.0.1:9022', 'tcp://:***@127.0.0.1:9022'],
    ['redis://:hun@ter2@db', 'redis://:***@db'],
    ['redis://127.0.0.1:6379', 'redis://127.0.0.1:6379'],
    ['redis://db:6379/a@b', 'redis://db:6379/a@b'],
    ['no redis://:hunter2@a and no redis://:hunter2@b', 'no redis://:***@a and no redis://:***@b'],
    ['not a URL at all', 'not a URL at all'],
  ])('%s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });
});
