import fc from 'fast-check';
import { startSipdEdge } from '../../conformance/edge/support/edges';
import type { EdgeUnderTest } from '../../conformance/edge/support/edges';
import { RawApplication } from '../../conformance/edge/support/raw-application';
import { Phone } from '../../conformance/edge/support/phone';

const pieces = fc.constantFrom(
  'sip',
  '|',
  '||',
  '\r\n',
  '\r\n\r\n',
  ' ',
  ':',
  ';tag=',
  '<',
  '>',
  '"',
  ',',
  '\0',
  'ü',
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'PRACK',
  'INFO',
  'UPDATE',
  'SIP/2.0',
  '200',
  '183',
  '999',
  'OK',
  'sip:a@127.0.0.1:9',
  'sip:placeholder',
  'sips:a@b',
  'tel:1',
  'sip:[::1]:9',
  'sip:a@nowhere.invalid;transport=tcp',
  'from: sip:x@localhost',
  'to: <sip:y>',
  'call-id: c',
  'cseq: 1 INVITE',
  'contact: <sip:z>;expires=',
  'require: 100rel',
  'session-expires: 1',
  'content-type: text/plain',
  'rack: 1 1 INVITE',
  'via: x',
  'c;from-tag=',
  'v=0',
);

/** Whatever an application sends, the server answers or closes, and goes on serving the others. */
describe('nonsense on the control connection', () => {
  let edge: EdgeUnderTest;

  beforeAll(async () => {
    edge = await startSipdEdge();
  });
  afterAll(() => edge.close());

  test('never stops the server', async () => {
    const phone = await Phone.udp(edge);
    let app = await RawApplication.connect(edge, ['options']);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('sip|', 'sip|||', 'proxy|', 'route|', ''),
        fc.array(pieces, { maxLength: 30 }),
        async (verb, parts) => {
          if (app.isClosed) app = await RawApplication.connect(edge, ['options']);
          app.tell(`${verb}${parts.join('')}`);
          const sent = phone.request('OPTIONS', 'anyone');
          const asked = await Promise.race([app.next('OPTIONS'), app.whenClosed]);
          if (!asked) return;
          app.tell(`sip|${asked.tokens[8]}|\r\nSIP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n`);
          await sent.leg.status(sent, 200);
        },
      ),
      { numRuns: 300 },
    );
    await app.close();
    await phone.close();
  });
});
