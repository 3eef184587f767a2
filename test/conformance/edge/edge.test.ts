import { Application } from './support/application';
import { drachtioServerEdge, startSipdEdge } from './support/edges';
import type { EdgeUnderTest } from './support/edges';
import { StageManager } from './support/stage';
import { applicationStories, restartStories } from './stories/applications';
import { incomingStories, lostAckStories, strictIncomingStories } from './stories/incoming';
import { inDialogStories, strictInDialogStories } from './stories/in-dialog';
import { outgoingStories, strictOutgoingStories, unansweredStories } from './stories/outgoing';
import { proxyStories } from './stories/proxying';
import { proxyRecordStories, strictProxyRecordStories } from './stories/proxy-records';
import { recordStories } from './stories/records';
import { requestStories } from './stories/requests';
import { sessionStories } from './stories/sessions';
import { wireStories } from './stories/wire';
import { strictProxyStories } from './stories/strict-proxying';
import { streamStories, strictStreamStories } from './stories/streams';

/** The same stories over each SIP edge, so that an application cannot tell one from the other. */
const server = drachtioServerEdge();
const edges: [string, () => Promise<EdgeUnderTest>][] = [['sipd', () => startSipdEdge()]];
if (server) edges.push(['drachtio-server', () => Promise.resolve(server)]);

describe.each(edges)('SIP edge: %s', (name, start) => {
  let edge: EdgeUnderTest;
  let app: Application;
  const stage = new StageManager(
    () => edge,
    () => app,
  );
  const isSipd = name === 'sipd';

  beforeAll(async () => {
    edge = await start();
    app = await Application.connect(edge);
  });
  afterEach(() => stage.clear());
  afterAll(async () => {
    await app.close();
    await edge.close();
  });

  describe('calls to the application', () => incomingStories(stage));
  describe('calls of the application', () => outgoingStories(stage));
  describe('inside a call', () => inDialogStories(stage));
  describe('requests outside calls', () => requestStories(stage));
  // drachtio-server writes records only when its configuration file says <cdrs>true</cdrs>.
  if (isSipd || process.env.DRACHTIO_CDRS) {
    describe('call records', () => recordStories(stage));
    describe('call records of proxied calls', () => proxyRecordStories(stage));
  }
  describe('proxying', () => proxyStories(stage));
  describe('streams', () => streamStories(stage));
  describe('applications', () => applicationStories(stage));
  describe('the control protocol', () => wireStories(stage));
  // On real timers these take half a minute each.
  if (isSipd || process.env.DRACHTIO_SLOW) {
    jest.setTimeout(60_000);
    describe('no ACK', () => lostAckStories(stage));
    describe('no answer', () => unansweredStories(stage));
  }
  if (isSipd) {
    describe('strictness with calls to the application', () => strictIncomingStories(stage));
    describe('strictness with calls of the application', () => strictOutgoingStories(stage));
    describe('strictness inside a call', () => strictInDialogStories(stage));
    describe('strictness of the proxy', () => strictProxyStories(stage));
    describe('strictness of the records of proxied calls', () => strictProxyRecordStories(stage));
    describe('strictness on streams', () => strictStreamStories(stage));
    describe('session timers', () => sessionStories(stage));
  }
});

describe('SIP edge: sipd, applications that stop', () => {
  let edge: EdgeUnderTest;
  let app: Application;
  const stage = new StageManager(
    () => edge,
    () => app,
  );

  afterEach(async () => {
    await stage.clear();
    await edge.close();
  });

  restartStories(async () => {
    edge = await startSipdEdge();
    app = await Application.connect(edge);

    return { stage, app, connect: () => Application.connect(edge) };
  });
});
