import type { LocalRequest } from '../../../src/sipd/local/messages';
import type { LocalResponse } from '../../../src/sipd/local/response';
import {
  ignore,
  bobAnswers,
  talk,
  hangUp,
  hangUpLater,
  same,
  only,
  before,
  called,
  overtaken,
  misfortunes,
  cancelRace,
  oneOf,
  keepsSome,
  keepsUntilBye,
  bridge,
} from './moves';
import { sdp } from './phone';
import type { Phone } from './phone';
import type { Race, Run } from './run';

const cancelGlare: Race = {
  name: 'CANCEL crosses the 200',
  play(run) {
    const { alice, bob } = run;
    let wantsOut = false;
    bobAnswers(run, 1000, 1200);
    alice.call(
      bob.uri,
      {},
      {
        sent: (req) => {
          run.soon(1000, 1300, () => req.cancel({}, (error) => (wantsOut = Boolean(error))));
          run.soon(1301, 1302, () => wantsOut && alice.open.forEach((id) => hangUp(alice, id)));
        },
        answered: (id) => wantsOut && hangUp(alice, id),
      },
    );
  },
  always(run) {
    const { alice, bob } = run;
    only(run, alice, /^INVITE (200|487)$/, /^< BYE \(ACK-BYE/, ...misfortunes);
    run.must(bob.count('< CANCEL') === 0 || bob.count('< ACK') === 0, 'bob was told of CANCEL and ACK');
    run.must(alice.count('INVITE 487') === 0 || bob.count('< CANCEL') === 1, 'a 487 without a CANCEL');
  },
  ideal(run) {
    const { alice, bob } = run;
    same(run, alice, ['INVITE 200', cancelRace], ['INVITE 200', 'BYE 200'], ['INVITE 487']);
    const cancelled = ['< INVITE', '< CANCEL'];
    const isCancelled = alice.count('INVITE 487') === 1;
    if (isCancelled)
      same(run, bob, cancelled, [...cancelled, '(200 refused: Response not sent due to unknown transaction)']);
    else same(run, bob, called, overtaken);
  },
};

const lostAck: Race = {
  name: 'the ACK is lost',
  play(run) {
    run.wire.lose((what) => what === 'ACK');
    talk(run, ignore);
  },
  always(run) {
    only(run, run.alice, /^INVITE 200$/, ...misfortunes);
    only(run, run.bob, /^< INVITE$/, ...misfortunes);
    // At 0, 0.5, 1.5, 3.5, 7.5 and every 4 s from there on; at 32 s it is given up. A call that Alice gave up her BYE ends.
    const isWaiting = run.bob.count('< INVITE') > 0 && run.alice.count('INVITE 408') === 0;
    if (isWaiting) run.must(run.times('bob', '200 INVITE') === 11, 'the 200 was not sent 11 times');
  },
  ideal(run) {
    same(run, run.alice, ['INVITE 200', '< BYE']);
    same(run, run.bob, ['< INVITE', '< BYE (ACK timeout)']);
  },
};

const crossingByes: Race = {
  name: 'both say BYE',
  play(run) {
    talk(run, (alices, bobs) => {
      run.alice.inside('BYE', alices);
      run.bob.inside('BYE', bobs);
    });
  },
  always(run) {
    only(run, run.alice, /^INVITE 200$/, ...misfortunes);
    only(run, run.bob, /^< (INVITE|ACK)$/, ...misfortunes);
  },
  ideal(run) {
    // Whoever has its answer already knows the call no more: 481 is as good.
    same(run, run.alice, ['INVITE 200', 'BYE 200'], ['INVITE 200', 'BYE 481']);
    same(run, run.bob, ['< INVITE', '< ACK', 'BYE 200'], ['< INVITE', '< ACK', 'BYE 481']);
    run.must(run.alice.count('BYE 200') + run.bob.count('BYE 200') >= 1, 'no BYE was taken');
  },
};

/** Offers again until it is taken, with the pauses of RFC 3261 section 14.1; gives up after a while. */
function reinvite(
  run: Run,
  phone: Phone,
  dialogId: string,
  pause: [number, number],
  then: () => void,
  tries = 6,
): void {
  phone.inside(
    'INVITE',
    dialogId,
    (status) => {
      const again = (status === 491 || status === 500) && tries > 1 && phone.open.has(dialogId);
      if (again) run.soon(...pause, () => reinvite(run, phone, dialogId, pause, then, tries - 1));
      else then();
    },
    { body: sdp },
  );
}

const glare: Race = {
  name: 're-INVITEs cross',
  play(run) {
    const { alice, bob } = run;
    const again = (phone: Phone) => (req: LocalRequest, res: LocalResponse) => {
      phone.answer(res);
      void req;
    };
    talk(run, (alices, bobs) => {
      bob.onInvite = again(bob);
      alice.onInvite = again(alice);
      let done = 0;
      const both = (): void => {
        done += 1;
        if (done === 2) run.soon(500, 600, () => hangUp(alice, alices));
      };
      reinvite(run, alice, alices, [2100, 4000], both);
      reinvite(run, bob, bobs, [0, 2000], both);
    });
  },
  always(run) {
    const notes = [
      /^INVITE (200|408|481|487|491|500|ENODIALOG)$/,
      /^< (INVITE|ACK)$/,
      /^\(200 refused/,
      ...misfortunes,
    ];
    for (const phone of [run.alice, run.bob]) only(run, phone, ...notes);
  },
  ideal(run) {
    const { alice, bob } = run;
    // Whoever hears the 491 before the other offer comes may take that one.
    run.must(alice.count('INVITE 491') + bob.count('INVITE 491') >= 1, 'no glare');
    run.must(alice.count('INVITE 200') === 2 && bob.count('INVITE 200') === 1, 'an offer was never taken');
    run.must(alice.count('BYE 200') === 1 && bob.count('< BYE') === 1, 'no orderly end');
  },
};

const late2xx: Race = {
  name: 'a 2xx long after the CANCEL',
  play(run) {
    const { alice, bob } = run;
    run.wire.lose((what) => what === 'CANCEL');
    bobAnswers(run, 5_000, 50_000);
    alice.call(bob.uri, {}, { sent: (req) => run.soon(1000, 1300, () => req.cancel({})) });
  },
  always(run) {
    only(run, run.alice, /^INVITE 200$/, /^< BYE \(ACK-BYE/, ...misfortunes);
    only(run, run.bob, /^< (INVITE|ACK)$/, ...misfortunes);
  },
  ideal(run) {
    same(run, run.alice, ['INVITE 200', cancelRace], ['INVITE 408']);
    same(run, run.bob, called, overtaken);
  },
};

const throughProxy = { proxy: 'sip:192.0.2.9' };

const merged: Race = {
  name: 'one INVITE comes by two ways',
  play(run) {
    const { alice, bob } = run;
    run.proxy(() => [bob.end.own.address, bob.end.own.address]);
    bobAnswers(run);
    alice.call(bob.uri, throughProxy, { answered: (id) => hangUpLater(run, alice, id) });
  },
  always(run) {
    run.must(run.bob.count('< INVITE') <= 1, 'bob was called twice');
    only(run, run.alice, /^INVITE 200$/, ...misfortunes);
  },
  ideal(run) {
    same(run, run.alice, ['INVITE 200', 'BYE 200']);
    same(run, run.bob, ['< INVITE', '< ACK', '< BYE']);
    run.must(run.times('bob', '482 INVITE') >= 1, 'no 482');
  },
};

const forked: Race = {
  name: 'two forks answer',
  play(run) {
    const { alice, bob } = run;
    const carol = run.phone('carol', '192.0.2.3');
    run.proxy(() => [bob.end.own.address, carol.end.own.address]);
    bobAnswers(run, 300, 500);
    carol.onInvite = (_req, res) => {
      res.send(180);
      run.soon(300, 500, () => carol.answer(res));
    };
    alice.call(bob.uri, throughProxy, { answered: (id) => hangUpLater(run, alice, id) });
  },
  always(run) {
    only(run, run.alice, /^INVITE 200$/, ...misfortunes);
    only(run, run.bob, /^< (INVITE|ACK)$/, ...misfortunes);
  },
  ideal(run) {
    same(run, run.alice, ['INVITE 200', 'BYE 200']);
    same(run, run.bob, called, overtaken);
    run.must(run.times('alice', 'BYE') >= 2, 'no BYE for the second fork');
  },
};

/** Bob answers with a reliable 183 first. */
function bobIsReliable(run: Run, least: number, most: number): void {
  run.bob.onInvite = (_req, res) => {
    res.send(183, { headers: { Require: '100rel' }, body: sdp });
    run.soon(least, most, () => run.bob.answer(res));
  };
}

const withPrack = { headers: { Supported: '100rel' } };

/** A PRACK without an answer must not be overtaken by the UPDATE, nor a BYE by an UPDATE that waited for that. */
const earlyUpdate: Race = {
  name: 'UPDATE in an early dialog',
  play(run) {
    const { alice, bob } = run;
    bobIsReliable(run, 300, 500);
    run.wire.lose(oneOf(run, [keepsSome(run, 'PRACK'), keepsSome(run, '200 PRACK'), keepsUntilBye(run)]));
    let isUpdated = false;
    alice.call(bob.uri, withPrack, {
      progress: ({ stackDialogId }) => {
        if (isUpdated) return;
        isUpdated = true;
        run.soon(100, 300, () => alice.inside('UPDATE', stackDialogId, ignore, { body: sdp }));
      },
      answered: (id) => hangUpLater(run, alice, id),
    });
  },
  always(run) {
    only(run, run.alice, /^INVITE (200|504)$/, /^UPDATE (200|408|481|500|ENODIALOG)$/, ...misfortunes);
    only(run, run.bob, /^< (INVITE|ACK|UPDATE|CANCEL)$/, /^\(200 refused/, ...misfortunes);
  },
  ideal(run) {
    const isTooLate = run.alice.count('UPDATE ENODIALOG') === 1;
    same(run, run.alice, ['INVITE 200', isTooLate ? 'UPDATE ENODIALOG' : 'UPDATE 200', 'BYE 200']);
    same(run, run.bob, isTooLate ? called : ['< UPDATE', ...called]);
    run.must(run.times('bob', '500 PRACK') + run.times('bob', '500 BYE') === 0, 'something was overtaken');
  },
};

const infoFirst: Race = {
  name: 'INFO comes before the 200',
  play(run) {
    const { alice, bob } = run;
    run.wire.loseNext('200 INVITE');
    bob.onInvite = (_req, res) => {
      res.send(183, { body: sdp });
      run.soon(300, 500, () => bob.answer(res, (id) => bob.inside('INFO', id)));
    };
    alice.call(bob.uri, {}, { answered: (id) => hangUpLater(run, alice, id) });
  },
  always(run) {
    only(run, run.alice, /^INVITE 200$/, /^< INFO$/, ...misfortunes);
    // Without the 183 there is no dialog yet: 481.
    only(run, run.bob, /^< (INVITE|ACK)$/, /^INFO (200|408|481)$/, ...misfortunes);
  },
  ideal(run) {
    same(run, run.alice, ['INVITE 200', '< INFO', 'BYE 200']);
    same(run, run.bob, ['< INVITE', 'INFO 200', '< ACK', '< BYE']);
    before(run, run.alice, '< INFO', 'INVITE 200');
  },
};

const reset: Race = {
  name: 'the connection is reset before the answer to BYE',
  play(run) {
    const { alice, bob, wire } = run;
    const cut = (): void => {
      wire.isCut = true;
      const flow = {
        transport: 'tcp',
        local: alice.end.own,
        remote: bob.end.own,
        id: 'tcp-192.0.2.1-192.0.2.2',
      } as const;
      alice.end.close(flow);
      bob.end.close(flow);
    };
    // A stream loses nothing but what had not left when it was reset.
    const isBeforeTheBye = run.random() < run.loss;
    talk(
      run,
      (alices) => {
        if (!isBeforeTheBye) bob.onBye = cut;
        alice.inside('BYE', alices);
        if (isBeforeTheBye) run.soon(1, 15, cut);
      },
      `${bob.uri};transport=tcp`,
    );
  },
  always(run) {
    same(run, run.alice, ['INVITE 200', 'BYE 503']);
    same(run, run.bob, ['< INVITE', '< ACK', '< BYE'], ['< INVITE', '< ACK', '< BYE (Session timer expired)']);
  },
  ideal(run) {
    same(run, run.bob, ['< INVITE', '< ACK', '< BYE']);
  },
};

const prackLoss: Race = {
  name: 'PRACKs are lost',
  play(run) {
    const { alice, bob } = run;
    const all = run.random() < 0.3;
    let left = all ? Infinity : Math.floor(run.random() * 6);
    run.wire.lose((what) => what === 'PRACK' && left-- > 0);
    bobIsReliable(run, 300, 500);
    alice.call(bob.uri, withPrack, { answered: (id) => hangUpLater(run, alice, id) });
  },
  always(run) {
    only(run, run.alice, /^INVITE (200|504)$/, ...misfortunes);
    only(run, run.bob, /^< (INVITE|ACK|CANCEL)$/, /^\(200 refused/, ...misfortunes);
  },
  ideal(run) {
    const isOver = run.alice.count('INVITE 504') === 1;
    if (isOver) same(run, run.bob, ['< INVITE', '< BYE (PRACK timeout)']);
    else same(run, run.bob, ['< INVITE', '< ACK', '< BYE']);
    same(run, run.alice, isOver ? ['INVITE 504'] : ['INVITE 200', 'BYE 200']);
  },
};

const lostRefresh: Race = {
  name: 'the refresh of the session is lost',
  play(run) {
    run.wire.lose((what) => what === 'UPDATE');
    talk(run, ignore);
  },
  always(run) {
    only(run, run.alice, /^INVITE 200$/, ...misfortunes);
    only(run, run.bob, /^< (INVITE|ACK)$/, ...misfortunes);
  },
  ideal(run) {
    const expired = '< BYE (Session timer expired)';
    same(run, run.alice, ['INVITE 200', expired], ['INVITE 200', '< BYE']);
    same(run, run.bob, ['< INVITE', '< ACK', expired]);
    run.must(run.times('alice', 'UPDATE') > 1, 'no refresh was tried');
  },
};

const referNotify: Race = {
  name: 'NOTIFY comes before the answer to REFER',
  play(run) {
    const { alice, bob } = run;
    run.wire.lose((what) => what === '202 REFER' && bob.count('< NOTIFY') === 0);
    const notify = (state: string): { headers: Record<string, string>; body: string } => ({
      headers: { Event: 'refer', 'Subscription-State': state, 'Content-Type': 'message/sipfrag' },
      body: 'SIP/2.0 200 OK',
    });
    talk(run, (alices, bobs) => {
      alice.onRequest = (_req, res) => {
        res.send(202);
        const last = (): void => alice.inside('NOTIFY', alices, ignore, notify('terminated;reason=noresource'));
        alice.inside('NOTIFY', alices, last, notify('active;expires=60'));
      };
      bob.inside('REFER', bobs, ignore, { headers: { 'Refer-To': '<sip:carol@192.0.2.3>' } });
      run.soon(60_000, 61_000, () => hangUp(bob, bobs));
      bob.onRequest = (_req, res) => {
        res.send(200);
        if (bob.count('< NOTIFY') === 2) run.soon(600, 700, () => hangUp(bob, bobs));
      };
    });
  },
  always(run) {
    only(run, run.alice, /^INVITE 200$/, /^< REFER$/, /^NOTIFY (200|408|481|ENODIALOG)$/, ...misfortunes);
    only(run, run.bob, /^< (INVITE|ACK|NOTIFY)$/, /^REFER (202|408|481|ENODIALOG)$/, ...misfortunes);
  },
  ideal(run) {
    same(run, run.alice, ['INVITE 200', '< REFER', 'NOTIFY 200', 'NOTIFY 200', '< BYE']);
    same(run, run.bob, ['< INVITE', '< ACK', '< NOTIFY', 'REFER 202', '< NOTIFY', 'BYE 200']);
    before(run, run.bob, '< NOTIFY', 'REFER 202');
  },
};

const spentHops: Race = {
  name: 'Max-Forwards is 0',
  play(run) {
    bobAnswers(run);
    run.alice.call(run.bob.uri, { headers: { 'Max-Forwards': '0' } });
  },
  always(run) {
    same(run, run.bob, []);
    same(run, run.alice, ['INVITE 483'], ['INVITE 408']);
  },
  ideal(run) {
    same(run, run.alice, ['INVITE 483']);
  },
};

const loop: Race = {
  name: 'two servers send a call to and fro',
  play(run) {
    const { alice, bob } = run;
    const carol = run.phone('carol', '192.0.2.3');
    bob.onInvite = (req, res) => bridge(bob, req, res, carol.uri);
    carol.onInvite = (req, res) => bridge(carol, req, res, bob.uri);
    alice.call(bob.uri, { headers: { 'Max-Forwards': '5' } });
  },
  always(run) {
    same(run, run.alice, ['INVITE 483'], ['INVITE 408']);
    run.must(run.bob.count('< INVITE') <= 3, 'bob was called too often');
  },
  ideal(run) {
    same(run, run.alice, ['INVITE 483']);
    same(run, run.bob, ['< INVITE', '< INVITE', '< INVITE', 'INVITE 483', 'INVITE 483', 'INVITE 483']);
  },
};

const spiral: Race = {
  name: 'a call comes back to its server for another user',
  play(run) {
    const { alice, bob } = run;
    run.proxy(() => [bob.end.own.address]);
    bob.onInvite = (req, res) => {
      if (!req.uri.includes('start')) run.soon(300, 500, () => bob.answer(res));
      else bridge(bob, req, res, 'sip:finish@example.com', throughProxy);
    };
    const hang = (id: string): void => hangUpLater(run, alice, id);
    alice.call(`sip:start@${bob.end.own.address}`, {}, { answered: hang });
  },
  always(run) {
    only(run, run.alice, /^INVITE 200$/, ...misfortunes);
    run.must(run.bob.count('< INVITE') <= 2, 'bob was called too often');
  },
  ideal(run) {
    same(run, run.alice, ['INVITE 200', 'BYE 200']);
    const twice = ['< INVITE', '< ACK', '< BYE'];
    same(run, run.bob, [...twice, ...twice, 'INVITE 200', 'BYE 200']);
  },
};

/** The races of the table in docs/sip-races.md, in its order. */
export const races: Race[] = [
  ...[cancelGlare, lostAck, crossingByes, glare, late2xx, merged, forked, earlyUpdate, infoFirst, reset],
  ...[prackLoss, lostRefresh, referNotify, spentHops, loop, spiral],
];
