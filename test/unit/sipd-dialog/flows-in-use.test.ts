import { ManualClock } from '../../../src/lib/clock';
import { ContactFlows } from '../../../src/sipd/dialog/contact-flows';
import type { Core } from '../../../src/sipd/dialog/core';
import { flowsInUse } from '../../../src/sipd/dialog/flows-in-use';
import type { Flow } from '../../../src/sipd/transport/types';

function flow(id: string): Flow {
  return { transport: 'tcp', local: { address: '127.0.0.1', port: 1 }, remote: { address: '127.0.0.1', port: 2 }, id };
}

test('a registration, a dialog and a request under way keep their connection open; a registration only for its time', () => {
  const clock = new ManualClock();
  const contactFlows = new ContactFlows(clock);
  contactFlows.set('sip:a@192.0.2.1', flow('registered'), 60);
  contactFlows.set('sip:b@192.0.2.1', flow('short'), 10);
  const core = {
    contactFlows,
    dialogs: [{ flow: flow('dialog') }, { flow: undefined }],
    incoming: new Map([['1', { transaction: { flow: flow('asked') } }]]),
    outgoing: new Map([
      ['2', { transaction: { flow: flow('asking') } }],
      ['3', { transaction: { flow: undefined } }],
      ['4', { transaction: undefined }],
    ]),
  } as unknown as Core;
  clock.advance(30_000);
  expect([...flowsInUse(core)].sort()).toEqual(['asked', 'asking', 'dialog', 'registered']);
});
