import { closingStories } from './stories/closing';
import { bridgeStories } from './stories/bridges';
import { conferenceStories } from './stories/conferences';
import { descriptionStories } from './stories/descriptions';
import { keyStories } from './stories/keys';
import { lossStories } from './stories/losses';
import { muteStories } from './stories/mutes';
import { pictureStories } from './stories/pictures';
import { recordingStories } from './stories/recordings';
import { soundStories } from './stories/sounds';
import { statisticStories } from './stories/statistics';
import { strangerStories } from './stories/strangers';
import { StageManager, type EngineUnderTest } from './support/stage';

/** The behaviour of src/media/port.ts, told to one engine. The same for all of them, so that calls cannot tell one from another. */
export function mediaConformance(name: string, start: () => Promise<EngineUnderTest>): void {
  describe(`media engine: ${name}`, () => {
    let engine: EngineUnderTest | undefined;
    const stage = new StageManager(() => {
      if (!engine) throw new Error('the engine did not start');

      return engine;
    });

    beforeAll(async () => {
      await stage.open();
      engine = await start();
    }, 60_000);
    afterEach(async () => {
      await stage.clear();
      // Whatever a story did: nothing is held after it.
      if (engine?.server.available) expect(stage.server.load()).toMatchObject({ endpoints: 0, ports: 0 });
    });
    afterAll(async () => {
      await engine?.close();
      await stage.close();
    }, 30_000);

    describe('descriptions', () => descriptionStories(stage));
    describe('sounds', () => soundStories(stage));
    describe('pictures', () => pictureStories(stage));
    describe('keys', () => keyStories(stage));
    describe('bridges', () => bridgeStories(stage));
    describe('mutes', () => muteStories(stage));
    describe('recordings', () => recordingStories(stage));
    describe('conferences', () => conferenceStories(stage));
    describe('statistics', () => statisticStories(stage));
    describe('closing', () => closingStories(stage));
    describe('strangers', () => strangerStories(stage));
    // Last: it takes the engine away.
    describe('losses', () => lossStories(stage));
  });
}
