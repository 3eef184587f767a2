import { film, tone, untilHears, untilSeesColour, type Colour } from '../../../support/rtp-peer';
import { expectCode, type Side, type Stage } from '../support/stage';

/** Three and more at once. */
export function conferenceStories(stage: Stage): void {
  const tones = [440, 1000, 1700];
  const colours: Colour[] = ['red', 'green', 'blue'];

  async function three(): Promise<Side[]> {
    const sides = [await stage.calls(), await stage.called(), await stage.calls()];
    for (const [index, { peer }] of sides.entries()) {
      peer.audio.say(tone(tones[index]!, 6000));
      const codec = peer.agreed('video')?.codec === 'h264' ? 'h264' : 'vp8';
      peer.video.show(await film(codec, colours[index]!));
    }

    return sides;
  }

  test('each hears all others, mixed, and not itself', async () => {
    const [a, b, c] = (await three()) as [Side, Side, Side];
    const conference = await stage.server.createConference({ label: 'three' });
    for (const { endpoint } of [a, b, c]) await conference.join(endpoint);
    await Promise.all([
      untilHears(a.peer, [1000, 1700], [440]),
      untilHears(b.peer, [440, 1700], [1000]),
      untilHears(c.peer, [440, 1000], [1700]),
    ]);
    await conference.leave(b.endpoint);
    await Promise.all([untilHears(a.peer, [1700], [440, 1000]), untilHears(c.peer, [440], [1000, 1700])]);
    await conference.close();
  });

  test('all see who has the floor, and that one sees who had it before', async () => {
    const [a, b, c] = (await three()) as [Side, Side, Side];
    const conference = await stage.server.createConference({ label: 'floor' });
    for (const { endpoint } of [a, b, c]) await conference.join(endpoint);
    await Promise.all([untilSeesColour(b.peer, 'red'), untilSeesColour(c.peer, 'red')]);
    await conference.floor(c.endpoint);
    await Promise.all([
      untilSeesColour(a.peer, 'blue'),
      untilSeesColour(b.peer, 'blue'),
      untilSeesColour(c.peer, 'red'),
    ]);
    await conference.close();
  });

  test('one that is closed has left, and the others go on', async () => {
    const [a, b, c] = (await three()) as [Side, Side, Side];
    const conference = await stage.server.createConference({ label: 'closed' });
    for (const { endpoint } of [a, b, c]) await conference.join(endpoint);
    await untilHears(a.peer, [1000, 1700]);
    await b.endpoint.close();
    await untilHears(a.peer, [1700], [1000]);
    await expectCode(conference.join(b.endpoint), 'MEDIA_GONE');
    await conference.close();
  });

  test('who is not in it has no floor, and a closed one takes nobody', async () => {
    const { endpoint } = await stage.calls();
    const conference = await stage.server.createConference({ label: 'wrong' });
    await expectCode(conference.floor(endpoint), 'BAD_REQUEST', 'WRONG_STATE', 'MEDIA_GONE');
    await conference.join(endpoint);
    await conference.close();
    await conference.close();
    await expectCode(conference.join(endpoint), 'MEDIA_GONE');
    await expectCode(conference.floor(endpoint), 'MEDIA_GONE');
    expect(endpoint.closed).toBe(false);
  });
}
