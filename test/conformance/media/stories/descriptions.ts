import { formats, film, show, tone, untilHears, untilSeesColour } from '../../../support/rtp-peer';
import { collected, expectCode, type Stage } from '../support/stage';

/** Offers and answers (RFC 3264): what is agreed, and what cannot be. */
export function descriptionStories(stage: Stage): void {
  const unknownSound = [{ name: 'nonesuch', payloadType: 99 }];
  const unknownPicture = [{ name: 'nonesuch', payloadType: 98, fmtp: 'a=1' }];

  test('an offer is answered, and what the peer sends arrives', async () => {
    const { peer, endpoint } = await stage.calls();
    expect(endpoint).toMatchObject({ server: stage.server.name, closed: false });
    expect(endpoint.codecs).toEqual({ audio: 'pcmu', video: 'vp8' });
    expect(peer.agreed('audio')).toMatchObject({ codec: 'pcmu', sends: true, receives: true });
    expect(peer.agreed('video')).toMatchObject({ codec: 'vp8', sends: true, receives: true });
    expect(stage.server.load().endpoints).toBe(1);
    if (stage.engine.traits.ownPorts) expect(stage.server.load().ports).toBeGreaterThan(0);
    const media = ['audio', 'video'].map(
      (kind) => new Promise<void>((resolve) => endpoint.events.on('media', (one) => one === kind && resolve())),
    );
    peer.audio.say(tone(440));
    await show(peer, 'red');
    await Promise.all(media);
  });

  test('an offer of ours is answered by the peer', async () => {
    const { peer, endpoint } = await stage.called();
    expect(endpoint.codecs.audio).toMatch(/^pcm[ua]$/);
    expect(endpoint.codecs.video).toMatch(/^(vp8|h264)$/);
    const heard = new Promise<void>((resolve) => endpoint.events.once('media', () => resolve()));
    peer.audio.say(tone(440));
    await heard;
  });

  test.each([['pcma'], ['pcmu']] as const)("the peer's choice of %s is followed", async (codec) => {
    const { endpoint } = await stage.calls({ audio: [formats[codec], formats.keys] });
    expect(endpoint.codecs.audio).toBe(codec);
  });

  test.each([['h264'], ['vp8']] as const)("the peer's choice of %s is followed", async (codec) => {
    const { endpoint } = await stage.calls({ video: [{ ...formats[codec], payloadType: 120 }] });
    expect(endpoint.codecs.video).toBe(codec);
  });

  test('an offer of ours can be for sound alone', async () => {
    const endpoint = await stage.endpoint({ media: ['audio'] });
    expect(endpoint.localDescription).not.toContain('m=video');
    const peer = await stage.peer();
    await endpoint.accept(peer.answer(endpoint.localDescription));
    expect(endpoint.codecs.video).toBeUndefined();
  });

  test('a peer without a picture gets sound', async () => {
    const { endpoint } = await stage.calls({ video: [] });
    expect(endpoint.codecs).toEqual({ audio: 'pcmu' });
    expect(endpoint.localDescription).not.toContain('m=video');
  });

  test('with no picture in common the call has sound', async () => {
    const { peer, endpoint } = await stage.calls({ video: unknownPicture });
    expect(endpoint.codecs).toEqual({ audio: 'pcmu' });
    expect(endpoint.localDescription).toMatch(/^m=video 0 /m);
    endpoint.play({ files: [await stage.sound(440, 1)] });
    await untilHears(peer, [440]);
  });

  test('with nothing in common it is refused, and nothing is held', async () => {
    const peer = await stage.peer({ audio: unknownSound, video: [] });
    await expectCode(stage.endpoint({ offer: peer.offer() }), 'MEDIA_MISMATCH');
    expect(stage.server.load()).toMatchObject({ endpoints: 0, ports: 0 });
  });

  test.each([
    ['noise'],
    [''],
    ['v=0\r\n'],
    ['v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio x RTP/AVP 0\r\n'],
  ])('what is no description is refused: %j', async (offer) => {
    if (offer !== '') await expectCode(stage.endpoint({ offer }), 'BAD_REQUEST');
    const { endpoint } = await stage.calls();
    await expectCode(endpoint.answer(offer), 'BAD_REQUEST');
    await endpoint.offer();
    await expectCode(endpoint.accept(offer), 'BAD_REQUEST');
  });

  test('an answer with nothing in common is refused, and what was agreed goes on', async () => {
    const { peer, endpoint } = await stage.called({ video: [] }, { media: ['audio'] });
    endpoint.play({ files: [await stage.sound(440, 1)], loop: true });
    await untilHears(peer, [440]);
    const offer = await endpoint.offer();
    const other = await stage.peer({ audio: unknownSound, video: [] });
    await expectCode(endpoint.accept(other.answer(offer)), 'MEDIA_MISMATCH');
    const before = peer.audio.count;
    await peer.audio.next('sound', { where: () => peer.audio.count > before + 20 });
  });

  test('a new offer with nothing in common is refused, and what was agreed goes on', async () => {
    const { peer, endpoint } = await stage.calls({ video: [] });
    endpoint.play({ files: [await stage.sound(440, 1)], loop: true });
    await untilHears(peer, [440]);
    const other = await stage.peer({ audio: unknownSound, video: [] });
    await expectCode(endpoint.answer(other.offer()), 'MEDIA_MISMATCH');
    expect(endpoint.codecs).toEqual({ audio: 'pcmu' });
    const before = peer.audio.count;
    await peer.audio.next('sound', { where: () => peer.audio.count > before + 20 });
  });

  test('an answer that nobody has asked for is refused', async () => {
    const { peer, endpoint } = await stage.calls();
    const answer = peer.answer(endpoint.localDescription);
    await expectCode(endpoint.accept(answer), 'WRONG_STATE', 'BAD_REQUEST', 'MEDIA_MISMATCH');
  });

  test('media follow the peer to another place when it says so', async () => {
    const { peer, endpoint } = await stage.calls({ video: [] });
    endpoint.play({ files: [await stage.sound(440, 1)], loop: true });
    await untilHears(peer, [440]);
    const moved = await stage.peer({ video: [] });
    moved.accept(await endpoint.answer(moved.offer()));
    await untilHears(moved, [440]);
    const heard = collected<[string]>((listener) => endpoint.events.on('dtmf', ({ digit }) => listener(digit)));
    await moved.audio.press('5');
    moved.audio.say(tone(1000));
    await moved.audio.press('6');
    expect(heard.map(([digit]) => digit).join('')).toMatch(/^5/);
  });

  test('a picture can be added to a call and taken away again', async () => {
    const { peer, endpoint } = await stage.calls({ video: [] });
    peer.know('video', [formats.vp8]);
    peer.accept(await endpoint.answer(peer.offer()));
    expect(endpoint.codecs).toEqual({ audio: 'pcmu', video: 'vp8' });
    const before = new Promise<void>((resolve) => endpoint.events.on('media', (kind) => kind === 'video' && resolve()));
    await show(peer, 'red');
    await before;
    peer.direct('video', 'inactive');
    peer.accept(await endpoint.answer(peer.offer()));
    expect(peer.agreed('video')?.sends ?? false).toBe(false);
  });

  test('a new offer of ours is taken by the peer, and media go on', async () => {
    const { peer, endpoint } = await stage.calls();
    await endpoint.accept(peer.answer(await endpoint.offer()));
    expect(endpoint.codecs).toEqual({ audio: 'pcmu', video: 'vp8' });
    endpoint.play({ files: [await stage.sound(440, 1)] });
    await untilHears(peer, [440]);
  });

  test('nothing is sent to a peer that does not want it', async () => {
    const peer = await stage.peer({ video: [] });
    peer.direct('audio', 'sendonly');
    const endpoint = await stage.endpoint({ offer: peer.offer() });
    peer.accept(endpoint.localDescription);
    expect(peer.agreed('audio')).toMatchObject({ sends: true, receives: false });
    peer.direct('audio', 'sendrecv');
    peer.accept(await endpoint.answer(peer.offer()));
    endpoint.play({ files: [await stage.sound(440, 1)] });
    await untilHears(peer, [440]);
  });

  test('what the other side of a bridge cannot do is not offered', async () => {
    const a = await stage.calls({ video: [formats.h264] });
    const b = await stage.called({}, { beside: a.endpoint });
    expect(b.endpoint.localDescription).not.toMatch(/VP8/i);
    expect(b.endpoint.codecs.video).toBe('h264');
    const c = await stage.calls({ video: [formats.vp8, formats.h264] }, { beside: a.endpoint });
    expect(c.endpoint.codecs.video).toBe('h264');
    a.peer.video.show(await film('h264', 'red'));
    await stage.server.bridge(a.endpoint, c.endpoint);
    await untilSeesColour(c.peer, 'red');
  });

  test('RTCP may share the port of RTP', async () => {
    const { peer, endpoint } = await stage.calls({ mux: true, video: [] });
    endpoint.play({ files: [await stage.sound(440, 2)], loop: true });
    peer.audio.say(tone(440));
    await peer.audio.session.next('rtcp', { where: (part) => part.type === 'sr' });
  });
}
