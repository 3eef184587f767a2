import { authorization, challengesOf, DigestClient } from '../../../scripts/phone/digest';
import { parseMessage, splitList, userOf, hostOf, uriOf, writeRequest } from '../../../scripts/phone/message';
import { answerDirection, answerSdp, describeSdp, offerSdp, readSdp } from '../../../scripts/phone/sdp';
import { TimerWheel } from '../../../scripts/phone/wheel';
import { Phone, Wire } from '../../../scripts/phone';
import { quickTimers } from './pair';

const local = {
  host: '127.0.0.1',
  audioPort: 4000,
  videoPort: 4002,
  direction: 'sendrecv' as const,
  session: 1,
  version: 1,
};

describe('messages', () => {
  test('compact and folded headers are read', () => {
    const text =
      'MESSAGE sip:1001@a SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nf: "A <x>" <sip:a@b>;tag=1\r\nt: <sip:b@c>\r\n' +
      'Subject: one\r\n  two\r\nCSeq: 7 MESSAGE\r\nl: 3\r\n\r\nabc and more';
    const message = parseMessage(Buffer.from(text));
    expect(message).toMatchObject({
      method: 'MESSAGE',
      fromTag: '1',
      toTag: '',
      cseq: 7,
      body: 'abc',
      branch: 'z9hG4bK1',
    });
    expect(message.header('subject')).toBe('one two');
  });

  test('what is no SIP message throws', () => {
    for (const text of [
      '',
      'INVITE\r\n\r\n',
      'INVITE sip:a SIP/2.0\r\nno colon\r\n\r\n',
      'INVITE sip:a SIP/2.0\r\nTo: a',
    ]) {
      expect(() => parseMessage(Buffer.from(text))).toThrow();
    }
  });

  test('the length of a body is counted in bytes', () => {
    const text = writeRequest({
      ...{ method: 'MESSAGE', uri: 'sip:a', sentBy: 'h', branch: 'b', from: 'f', to: 't', callId: 'c', cseq: 1 },
      ...{ contentType: 'text/plain', body: 'äö' },
    });
    expect(text).toContain('Content-Length: 4\r\n');
    expect(parseMessage(Buffer.from(text)).body).toBe('äö');
  });

  test('URIs are taken apart', () => {
    expect(uriOf('"x" <sip:a%20b@h:5070;transport=udp>;tag=1')).toBe('sip:a%20b@h:5070;transport=udp');
    expect(userOf('sip:a%20b@h:5070')).toBe('a b');
    expect(hostOf('sip:a@[::1]:5070;x')).toEqual({ host: '[::1]', port: 5070 });
    expect(splitList(['<sip:a,b@h>, "x,y" <sip:c>', 'd'])).toEqual(['<sip:a,b@h>', '"x,y" <sip:c>', 'd']);
  });
});

describe('digest', () => {
  // The example of RFC 7616 section 3.9.1.
  const challenge = {
    ...{ proxy: false, realm: 'http-auth@example.org', qop: true, stale: false },
    ...{
      nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      opaque: 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS',
    },
  };
  const credentials = { user: 'Mufasa', password: 'Circle of Life' };
  const cnonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';

  test.each([
    ['MD5' as const, '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256' as const, '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('%s gives the answer of the RFC', (algorithm, expected) => {
    const line = authorization({ ...challenge, algorithm }, credentials, 'GET', '/dir/index.html', 1, cnonce);
    expect(line).toContain(`response="${expected}"`);
  });

  const unauthorized = parseMessage(
    Buffer.from(
      'SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", nonce="n1", algorithm=SHA-256, qop="auth,auth-int"\r\n' +
        'WWW-Authenticate: Digest realm="r", nonce="n2", algorithm=MD5, qop="auth"\r\n' +
        'WWW-Authenticate: Digest realm="r", nonce="n3", algorithm=SHA-512-256, qop="auth"\r\n\r\n',
    ),
  );

  test('the preferred algorithm of those offered is taken, and the nonce count rises', () => {
    expect(challengesOf(unauthorized).map((one) => one.algorithm)).toEqual(['SHA-256', 'MD5']);
    const client = new DigestClient(credentials, ['MD5']);
    expect(client.header('REGISTER', 'sip:r')).toBeUndefined();
    expect(client.accept(unauthorized)).toBe(true);
    expect(client.header('REGISTER', 'sip:r')).toContain('nonce="n2"');
    expect(client.header('REGISTER', 'sip:r')).toContain('nc=00000002');
  });
});

describe('session descriptions', () => {
  test('an answer keeps the lines of the offer and takes only what is known', () => {
    const offer =
      'v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 5000 RTP/AVP 9 8\r\na=rtpmap:9 G722/8000\r\n' +
      'a=sendonly\r\nm=video 5002 RTP/AVP 31\r\na=rtpmap:31 H261/90000\r\nm=application 5004 UDP/BFCP *\r\n';
    const answer = readSdp(answerSdp(offer, local));
    expect(answer.map((line) => [line.kind, line.port, line.payloads.join(), line.direction])).toEqual([
      ['audio', 4000, '8', 'recvonly'],
      ['video', 0, '31', 'sendrecv'],
      ['application', 0, '*', 'sendrecv'],
    ]);
  });

  test('directions meet in the middle', () => {
    expect(answerDirection('sendrecv', 'sendrecv')).toBe('sendrecv');
    expect(answerDirection('sendonly', 'sendonly')).toBe('inactive');
    expect(answerDirection('recvonly', 'sendrecv')).toBe('sendonly');
    expect(describeSdp(offerSdp({ ...local, videoDirection: 'recvonly' }))).toBe('audio sendrecv, video recvonly');
    expect(describeSdp(offerSdp({ ...local, videoPort: 0 }))).toBe('audio sendrecv');
  });
});

describe('timer wheel', () => {
  test('fires in order, never early, beyond one turn, and not after cancel', async () => {
    const wheel = new TimerWheel(1);
    const began = performance.now();
    const fired: string[] = [];
    const cancel = wheel.after(30, () => fired.push('cancelled'));
    wheel.after(20, () => fired.push('second'));
    wheel.after(5, () => fired.push('first'));
    cancel();
    cancel();
    await new Promise<void>((resolve) => wheel.after(600, resolve));
    expect(performance.now() - began).toBeGreaterThanOrEqual(600);
    expect(fired).toEqual(['first', 'second']);
    expect(wheel.size).toBe(0);
  });
});

describe('registration', () => {
  test('a challenge is answered, the life granted is kept, and it is refreshed at half of it', async () => {
    const [wire, registrarWire] = [await Wire.open({ timers: quickTimers }), await Wire.open({ timers: quickTimers })];
    const seen: string[] = [];
    registrarWire.users.set('', {
      onRequest: (transaction) => {
        const { request } = transaction;
        const authorized = request.header('authorization');
        seen.push(authorized === undefined ? 'plain' : (/nc=(\d+)/.exec(authorized)?.[1] ?? ''));
        if (authorized === undefined) {
          const challenge = 'WWW-Authenticate: Digest realm="r",nonce="n",algorithm=SHA-256,qop="auth"';
          return transaction.respond({ status: 401, toTag: 'r', headers: [challenge] });
        }
        const contact = request.header('contact')?.replace('expires=60', 'expires=1');
        transaction.respond({ status: 200, toTag: 'r', headers: [`Contact: ${contact}`] });
      },
    });
    const server = { host: registrarWire.host, port: registrarWire.port };
    const phone = new Phone(wire, { user: 'u', password: 'p', domain: 'test', server });
    expect((await phone.register(60)).status).toBe(200);
    await phone.next('registered');
    expect(seen).toEqual(['plain', '00000001', '00000002']);
    phone.close();
    await Promise.all([wire.close(), registrarWire.close()]);
  });
});
