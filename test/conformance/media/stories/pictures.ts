import path from 'node:path';
import { ffmpeg } from '../../../support/ffmpeg';
import { film, formats, lookAt, pngOf, untilHears, untilSees, untilSeesColour } from '../../../support/rtp-peer';
import { expectCode, type Stage } from '../support/stage';

/** `show` and `snapshot`. Everything shown is decoded from the packets that came. */
export function pictureStories(stage: Stage): void {
  async function video(colour: string): Promise<string> {
    const file = path.join(stage.folder, `${colour}.mp4`);
    await ffmpeg(['-f', 'lavfi', '-i', `color=c=${colour}:s=320x240:r=15:d=2`, '-pix_fmt', 'yuv420p', file]);

    return file;
  }

  test.each([['vp8'], ['h264']] as const)('a picture is seen in %s, and the next one in its place', async (codec) => {
    const { peer, endpoint } = await stage.calls({ video: [formats[codec]] });
    await endpoint.show({ png: await pngOf('red', 'blue') });
    await untilSees(peer, 'red and blue', (seen) => seen.at(0.25, 0.5) === 'red' && seen.at(0.75, 0.5) === 'blue');
    await endpoint.show({ png: await pngOf('yellow', 'green') });
    await untilSees(
      peer,
      'yellow and green',
      (seen) => seen.at(0.25, 0.5) === 'yellow' && seen.at(0.75, 0.5) === 'green',
    );
    expect(peer.video.session.received.lost).toBe(0);
  });

  test('a picture of any size is fitted in, and sound goes beside it', async () => {
    const { peer, endpoint } = await stage.calls();
    const playback = endpoint.play({ files: [await stage.sound(440, 1)], loop: true });
    await endpoint.show({ png: await pngOf('white', 'white', '202x414') });
    await untilSees(peer, 'white in the middle', (seen) => seen.centre === 'white');
    await untilHears(peer, [440]);
    playback.stop();
  });

  test('who comes in late sees it too: a key frame is sent when one is asked for', async () => {
    const { peer, endpoint } = await stage.calls();
    await endpoint.show({ png: await pngOf('red') });
    await untilSeesColour(peer, 'red');
    const before = peer.video.keyFrames;
    peer.video.session.sendPli();
    await peer.video.next('frame', { where: () => peer.video.keyFrames > before });
  });

  test('a video file is seen', async () => {
    const { peer, endpoint } = await stage.calls();
    await endpoint.show({ file: await video('blue'), loop: true });
    await untilSeesColour(peer, 'blue');
  });

  test('what cannot be read as a picture is refused, and the one before stays', async () => {
    const { peer, endpoint } = await stage.calls();
    await endpoint.show({ png: await pngOf('red') });
    await untilSeesColour(peer, 'red');
    await expectCode(endpoint.show({ png: Buffer.from('no picture at all') }), 'BAD_REQUEST', 'MEDIA_UNAVAILABLE');
    await expectCode(
      endpoint.show({ file: path.join(stage.folder, 'nobody-made-this.mp4') }),
      'BAD_REQUEST',
      'NOT_FOUND',
      'MEDIA_UNAVAILABLE',
    );
    const { count } = peer.video;
    await peer.video.next('frame', { where: () => peer.video.count > count + 2 });
    await untilSeesColour(peer, 'red');
  });

  test('without a picture agreed nothing is shown, and nobody minds', async () => {
    const { peer, endpoint } = await stage.calls({ video: [] });
    await endpoint.show({ png: await pngOf('red') });
    await endpoint.show(undefined);
    expect(peer.video.count).toBe(0);
  });

  test.each([['vp8'], ['h264']] as const)('a snapshot is what the peer sends in %s', async (codec) => {
    const { peer, endpoint } = await stage.calls({ video: [formats[codec]] });
    peer.video.show(await film(codec, 'green'));
    expect((await lookAt(await endpoint.snapshot())).centre).toBe('green');
    peer.video.show(await film(codec, 'yellow'));
    const first = new Promise<void>((resolve) => peer.video.session.once('rtcp', () => resolve()));
    await first;
    expect((await lookAt(await endpoint.snapshot())).centre).toBe('yellow');
  });

  test('with no picture from the peer there is no snapshot', async () => {
    const { endpoint } = await stage.calls();
    await expectCode(endpoint.snapshot(), 'MEDIA_GONE');
  });
}
