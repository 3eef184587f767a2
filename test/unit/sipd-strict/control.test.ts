import { startSipdEdge } from '../../conformance/edge/support/edges';
import type { EdgeUnderTest } from '../../conformance/edge/support/edges';
import { RawApplication } from '../../conformance/edge/support/raw-application';

/** A bad command of an application gets an answer that names the fault, and the next command is served. */
describe('bad commands on the control port', () => {
  let edge: EdgeUnderTest;
  let app: RawApplication;

  beforeAll(async () => {
    edge = await startSipdEdge();
    app = await RawApplication.connect(edge, ['options']);
  });
  afterAll(async () => {
    await app.close();
    await edge.close();
  });

  test.each([
    ['no SIP message', 'sip|||'],
    ['no request line', 'sip|||\r\nnonsense\r\n\r\n'],
    ['a Request-URI of nothing', 'sip|||\r\nOPTIONS sip: SIP/2.0\r\n\r\n'],
    ['a port out of range', 'sip|||\r\nOPTIONS sip:a@127.0.0.1:99999 SIP/2.0\r\n\r\n'],
    ['an unknown dialog', 'sip||none|\r\nINFO sip:a@127.0.0.1 SIP/2.0\r\n\r\n'],
    ['an unknown transaction', 'sip|none||\r\nSIP/2.0 200 OK\r\n\r\n'],
    ['a status out of range', 'sip|none||\r\nSIP/2.0 999 What\r\n\r\n'],
    ['a CANCEL of nothing', 'sip|none||\r\nCANCEL sip:a@127.0.0.1 SIP/2.0\r\n\r\n'],
    ['a response without transaction', 'sip|||\r\nSIP/2.0 200 OK\r\n\r\n'],
    ['a To that is none', 'sip|||\r\nOPTIONS sip:a@127.0.0.1:9 SIP/2.0\r\nto: <\r\n\r\n'],
    ['a header with a line end', 'sip|||\r\nOPTIONS sip:a@127.0.0.1:9 SIP/2.0\r\nsubject: a\nroute: <sip:b>\r\n\r\n'],
  ])('%s', async (_name, command) => {
    const { tokens } = await app.ask(command);
    expect(tokens[3]).toBe('NOK');
    expect(tokens[4]).toMatch(/^(?!Internal).{10,}/);
    expect((await app.ask('ping')).tokens.slice(3)).toEqual(['OK', 'pong']);
  });
});
