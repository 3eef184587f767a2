import { RawApplication } from '../support/raw-application';
import { header, readMessage, sdp, tagOf, uriOf } from '../support/sip-text';
import { Leg } from '../support/phone';
import type { Stage } from '../support/stage';
import { answerInvite } from './calls';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const time = /^[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}$/;
const number = /^[0-9]+$/;

/** Every token of the control protocol, in its place. */
export function wireStories(stage: Stage): void {
  let app: RawApplication;

  beforeEach(async () => {
    app = await RawApplication.connect(stage.edge, ['publish']);
  });
  afterEach(() => app.close());

  test('a new request, and the echo of its answer', async () => {
    const phone = await stage.udp();
    const port = phone.hostPort.split(':')[1];
    const sent = phone.request('PUBLISH', stage.user(), { Event: 'presence', 'Content-Type': 'text/plain' }, 'grüß');
    const { tokens, sip } = await app.next('PUBLISH');
    const wanted = [uuid, 'sip', 'network', number, 'udp', '127.0.0.1', port, time, uuid, '', '127.0.0.1', number, ''];
    expectTokens(tokens, wanted);
    expect(readMessage(sip).body).toBe('grüß');
    const answer = `SIP/2.0 404 Nowhere\r\ncall-id: ${sent.leg.callId}\r\nx-why: 7\r\ncontent-length: 0\r\n\r\n`;
    const echo = await app.ask(`sip|${tokens[8]}|\r\n${answer}`);
    expectTokens(
      echo.tokens,
      [
        uuid,
        'response',
        /^msg-/,
        'OK',
        'application',
        number,
        /./s,
        '127.0.0.1',
        port,
        time,
        tokens[8],
        '',
        '',
        'Msg sent:',
        '',
      ],
      [6],
    );
    const message = readMessage(echo.sip);
    expect(message.startLine).toBe('SIP/2.0 404 Nowhere');
    expect(header(message, 'call-id')).toBe(sent.leg.callId);
    expect(header(await sent.leg.status(sent, 404), 'x-why')).toBe('7');
    const again = await app.ask(`sip|${tokens[8]}|\r\n${answer}`);
    expect(again.tokens.slice(3)).toEqual(['NOK', 'Response not sent due to unknown transaction']);
  });

  test('a request of the application, its echo and its response', async () => {
    const phone = await stage.udp();
    const echo = await app.ask(`sip||\r\nOPTIONS ${phone.uri} SIP/2.0\r\nsubject: a\r\ncontent-length: 0\r\n\r\n`);
    expectTokens(echo.tokens, [
      uuid,
      'response',
      /^msg-/,
      'OK',
      'application',
      number,
      'udp',
      '127.0.0.1',
      number,
      time,
      uuid,
      'Msg sent:',
      '',
    ]);
    const request = await phone.takeRequest('OPTIONS');
    expect(header(readMessage(echo.sip), 'via')).toBe(header(request, 'via'));
    phone.respond(request, 200, 'OK', { To: `${header(request, 'to')};tag=t` });
    const { tokens } = await app.next('SIP/2.0 200');
    expectTokens(tokens, [
      uuid,
      'sip',
      'network',
      number,
      'udp',
      '127.0.0.1',
      phone.hostPort.split(':')[1],
      time,
      echo.tokens[10],
      '',
      '',
    ]);
  });

  test('a call of the application: dialog id, ACK, request inside, BYE', async () => {
    const phone = await stage.udp();
    const invited = await app.ask(`sip||\r\nINVITE ${phone.uri} SIP/2.0\r\ncontent-length: 9\r\n\r\n${sdp()}`);
    const invite = await phone.takeRequest('INVITE');
    const dialogId = `${header(invite, 'call-id')};from-tag=${tagOf(header(invite, 'from'))}`;
    answerInvite(phone, invite, Leg.of(phone, invite, 'callee'));
    const answer = await app.next('SIP/2.0 200');
    expect(answer.tokens.slice(8)).toEqual([invited.tokens[10], dialogId, '']);
    const acked = await app.ask(`sip||${dialogId}\r\nACK sip:ignored SIP/2.0\r\ncontent-length: 0\r\n\r\n`);
    expect(acked.tokens[3]).toBe('OK');
    expect(acked.sip).toMatch(/^ACK /);
    await phone.takeRequest('ACK');
    const informed = await app.ask(`sip||${dialogId}\r\nINFO sip:placeholder SIP/2.0\r\ncontent-length: 0\r\n\r\n`);
    const info = await phone.takeRequest('INFO');
    expect(info.uri).toBe(uriOf(phone.contact));
    phone.respond(info, 200, 'OK');
    const informedAnswer = await app.inbox.take('answer to INFO', ({ tokens }) => tokens[8] === informed.tokens[10]);
    expect(informedAnswer.tokens.slice(9)).toEqual([dialogId, '']);
    await app.ask(`sip||${dialogId}\r\nBYE sip:placeholder SIP/2.0\r\ncontent-length: 0\r\n\r\n`);
    phone.respond(await phone.takeRequest('BYE'), 200, 'OK');
    await app.inbox.take('answer to BYE', ({ sip }) => /\r\nCSeq: [0-9]+ BYE\r\n/.test(sip));
    const late = await app.ask(`sip||${dialogId}\r\nINFO sip:placeholder SIP/2.0\r\ncontent-length: 0\r\n\r\n`);
    expect(late.tokens.slice(3)).toEqual(['NOK', 'Server error: unable to find dialog for dialog id provided']);
  });
}

/** Each token by a text, or by a pattern; places in `anything` may hold whatever they like. */
function expectTokens(tokens: string[], wanted: (string | RegExp | undefined)[], anything: number[] = []): void {
  expect(tokens).toHaveLength(wanted.length);
  wanted.forEach((want, place) => {
    if (anything.includes(place)) return;
    if (want instanceof RegExp) expect(tokens[place]).toMatch(want);
    else expect(tokens[place]).toBe(want);
  });
}
