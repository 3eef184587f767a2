import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { Speech, type SpeechOptions } from '../../../src/media/speech';
import { voiceOf } from '../../../src/media/speech/voices';

let folder: string;
let speech: Speech | undefined;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'speech-'));
});

afterEach(async () => {
  await speech?.close();
  await rm(folder, { recursive: true, force: true });
});

function start(options: Partial<SpeechOptions> = {}): { speech: Speech; told: () => number } {
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  speech = new Speech({ cacheDir: path.join(folder, 'speech'), log, ...options });

  return { speech, told: () => lines.length };
}

/** Loudest sample of a WAV file of 16 bits, and its length in seconds. */
async function heard(file: string): Promise<{ loudest: number; seconds: number }> {
  const wav = await readFile(file);
  expect(wav.toString('latin1', 0, 4)).toBe('RIFF');
  const rate = wav.readUInt32LE(24);
  let loudest = 0;
  for (let at = 44; at + 1 < wav.length; at += 2) loudest = Math.max(loudest, Math.abs(wav.readInt16LE(at)));

  return { loudest, seconds: (wav.length - 44) / 2 / rate };
}

describe('speech', () => {
  test.each([
    ['en', 'Tickets and fares: press 1.'],
    ['de-CH', 'Fahrkarten und Preise: Drücken Sie die 1.'],
    ['zh', '车票与票价，请按 1。'],
    ['xx', 'A language that nobody has a voice for.'],
  ])('%s is spoken to a WAV file that can be heard', async (locale, text) => {
    const file = await start().speech.say(text, locale);
    const { loudest, seconds } = await heard(file ?? '');
    expect(loudest).toBeGreaterThan(3000);
    expect(seconds).toBeGreaterThan(1);
  });

  test('the same words are made once, and kept for the next process', async () => {
    const one = start().speech;
    const files = await Promise.all([one.say('Hello there', 'en'), one.say('  Hello\nthere ', 'en')]);
    expect(new Set(files).size).toBe(1);
    const { mtimeMs, ino } = await stat(files[0] ?? '');
    await one.close();
    const again = await start().speech.say('Hello there', 'en');
    expect(again).toBe(files[0]);
    expect((await stat(again ?? '')).ino).toBe(ino);
    expect((await stat(again ?? '')).mtimeMs).toBeGreaterThanOrEqual(mtimeMs);
  });

  test('many at once all come, whatever their number', async () => {
    const { speech: busy } = start({ mostAtOnce: 2 });
    const files = await Promise.all(Array.from({ length: 9 }, (_, index) => busy.say(`Number ${index}`, 'en')));
    expect(new Set(files).size).toBe(9);
    expect(files).not.toContain(undefined);
  });

  test('text is never taken for an option', async () => {
    const file = await start().speech.say('--version -w /dev/null', 'en');
    expect((await heard(file ?? '')).seconds).toBeGreaterThan(1);
  });

  test('without espeak-ng there is no file, and one line in the log', async () => {
    const { speech: mute, told } = start({ command: path.join(folder, 'not-there') });
    expect(await mute.say('Hello', 'en')).toBeUndefined();
    expect(await mute.say('World', 'en')).toBeUndefined();
    expect(told()).toBe(1);
    expect(await readdir(path.join(folder, 'speech'))).toEqual([]);
  });

  test('a damaged file is made again', async () => {
    const { speech: one } = start();
    const file = (await one.say('Hello', 'en')) ?? '';
    await writeFile(file, '');
    expect(await one.say('Hello', 'en')).toBe(file);
    expect((await heard(file)).loudest).toBeGreaterThan(3000);
  });

  test('nothing is said for nothing, nor after the end; closing twice is harmless', async () => {
    const { speech: one, told } = start();
    expect(await one.say(' \n', 'en')).toBeUndefined();
    const underWay = one.say('Cut off in the middle of the word', 'en');
    await Promise.all([one.close(), one.close()]);
    await underWay;
    expect(await one.say('Hello', 'en')).toBeUndefined();
    expect(told()).toBe(0);
  });

  test('files that nobody has used for long make room', async () => {
    const { speech: one } = start({ mostFiles: 3, sweepEvery: 5 });
    const first = (await one.say('First', 'en')) ?? '';
    await utimes(first, 1, 1);
    for (const word of ['Second', 'Third', 'Fourth', 'Fifth']) await one.say(word, 'en');
    const left = await readdir(path.join(folder, 'speech'));
    expect(left).toHaveLength(3);
    expect(left).not.toContain(path.basename(first));
  });
});

describe('voices', () => {
  test.each([
    ['zh', 'cmn'],
    ['zh-TW', 'cmn'],
    ['de-CH', 'de'],
    ['en-GB', 'en-gb'],
    ['pt-BR', 'pt-br'],
    ['../etc', 'en'],
  ])('%s speaks with the voice %s', (locale, voice) => expect(voiceOf(locale)).toBe(voice));
});
