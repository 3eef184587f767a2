import fc from 'fast-check';
import { Stage } from './stage';

/** Whether each message in turn is lost; what comes after the list gets through. */
const losses = fc.array(fc.boolean(), { maxLength: 24 });

function lossy(lost: boolean[]): Stage {
  const stage = new Stage({ latency: 25 });
  const left = [...lost];
  stage.wire.lose(() => left.shift() ?? false);

  return stage;
}

/** The first event that settles a client transaction. */
function outcome(events: string[]): string {
  return events.find((event) => event === 'timeout' || /^response [2-6]/.test(event)) ?? 'nothing';
}

test('whatever is lost: a request is told once, ends once, and leaves nothing behind', async () => {
  await fc.assert(
    fc.asyncProperty(losses, async (lost) => {
      const stage = lossy(lost);
      stage.bob.layer.on('request', (_request, transaction) => transaction.reply(200));
      stage.call('MESSAGE');
      await stage.pass(65_000);
      expect(stage.bob.requests.length).toBeLessThanOrEqual(1);
      expect(stage.alice.events).toEqual([outcome(stage.alice.events), 'terminated']);
      stage.expectNothingLeft();
    }),
    { numRuns: 25 },
  );
});

test('whatever is lost: a refused INVITE is acknowledged or given up, and leaves nothing behind', async () => {
  await fc.assert(
    fc.asyncProperty(losses, async (lost) => {
      const stage = lossy(lost);
      stage.bob.layer.on('request', (_request, transaction) => {
        transaction.reply(180);
        transaction.reply(486);
      });
      stage.call('INVITE');
      await stage.pass(100_000);
      expect(stage.bob.requests.length).toBeLessThanOrEqual(1);
      expect(['response 486', 'timeout']).toContain(outcome(stage.alice.events));
      expect(stage.alice.events.filter((event) => event === 'terminated')).toHaveLength(1);
      expect(stage.bob.events.filter((event) => event === 'terminated')).toHaveLength(stage.bob.requests.length);
      expect(stage.bob.acks).toEqual([]);
      // An answered INVITE that was heard of is acknowledged each time.
      const heard = stage.wire.lines.filter(({ what, lost: gone }) => what === '486 INVITE' && !gone).length;
      if (outcome(stage.alice.events) === 'response 486') expect(stage.wire.times('alice', 'ACK')).toHaveLength(heard);
      stage.expectNothingLeft();
    }),
    { numRuns: 25 },
  );
});

test('whatever is lost: a cancelled INVITE ends, and the user is told of the CANCEL once at most', async () => {
  await fc.assert(
    fc.asyncProperty(losses, fc.integer({ min: 0, max: 3000 }), async (lost, patience) => {
      const stage = lossy(lost);
      stage.bob.layer.on('request', (_request, transaction) => {
        transaction.reply(180);
        transaction.on('cancel', () => transaction.reply(487));
      });
      const call = stage.call('INVITE');
      await stage.pass(patience);
      call.cancel();
      await stage.pass(140_000);
      expect(['response 487', 'timeout']).toContain(outcome(stage.alice.events));
      expect(stage.bob.events.filter((event) => event === 'cancel').length).toBeLessThanOrEqual(1);
      // Bob's user answers only what it is told of; when every CANCEL was lost his phone rings on.
      if (stage.bob.requests.length > 0) stage.served.reply(480);
      stage.wire.lose(() => false);
      await stage.pass(70_000);
      stage.expectNothingLeft();
    }),
    { numRuns: 25 },
  );
});
