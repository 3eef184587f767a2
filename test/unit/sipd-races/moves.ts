import type { LocalRequest } from '../../../src/sipd/local/messages';
import type { LocalResponse } from '../../../src/sipd/local/response';
import type { Phone } from './phone';
import type { Run } from './run';

export const ignore = (): void => undefined;

/** Bob's phone rings, and he answers after a while. */
export function bobAnswers(run: Run, least = 300, most = 600, then: (dialogId: string) => void = ignore): void {
  run.bob.onInvite = (_req, res) => {
    res.send(180);
    run.soon(least, most, () => run.bob.answer(res, then));
  };
}

/** Alice calls Bob; both have the call when `talking` runs, unless the network kept something back. */
export function talk(run: Run, talking: (alices: string, bobs: string) => void, uri = run.bob.uri): void {
  let bobs = '';
  bobAnswers(run, 300, 600, (dialogId) => (bobs = dialogId));
  run.alice.call(uri, {}, { answered: (alices) => run.soon(300, 400, () => talking(alices, bobs)) });
}

/** Ends a call that the phone still has. */
export function hangUp(phone: Phone, dialogId: string): void {
  if (phone.open.has(dialogId)) phone.inside('BYE', dialogId);
}

export function hangUpLater(run: Run, phone: Phone, dialogId: string): void {
  run.soon(2000, 3000, () => hangUp(phone, dialogId));
}

/** What was noted, whatever the order. */
export function same(run: Run, phone: Phone, ...allowed: string[][]): void {
  const noted = [...phone.notes].sort().join(', ');
  const wanted = allowed.map((notes) => [...notes].sort().join(', '));
  run.must(wanted.includes(noted), `${phone.end.name} noted ${noted} and not ${wanted.join(' | ')}`);
}

/** Every note is one of these. */
export function only(run: Run, phone: Phone, ...allowed: RegExp[]): void {
  const strange = phone.notes.filter((note) => !allowed.some((one) => one.test(note)));
  run.must(strange.length === 0, `${phone.end.name} noted ${strange.join(', ')}`);
}

export function before(run: Run, phone: Phone, first: string, second: string): void {
  const [a, b] = [phone.notes.indexOf(first), phone.notes.indexOf(second)];
  run.must(a >= 0 && a < b, `${phone.end.name}: no ${first} before ${second}`);
}

/** What Bob hears of a call that Alice ends. A BYE on the heels of an ACK may overtake it. */
export const called = ['< INVITE', '< ACK', '< BYE'];
export const overtaken = ['< INVITE', '< BYE'];

/** What the losses of any call may lead to: no answer, an answer without ACK, a session that nobody refreshes. */
export const misfortunes = [
  /^INVITE 408$/,
  /^BYE (200|408|481|ENODIALOG)$/,
  /^< BYE( \((ACK timeout|PRACK timeout|Session timer expired)\))?$/,
];
export const cancelRace = '< BYE (ACK-BYE due to cancel race condition)';

export type Loss = (what: string) => boolean;

export function oneOf<T>(run: Run, choices: readonly T[]): T {
  return choices[Math.floor(run.random() * choices.length)]!;
}

/** The network keeps the first few of these. */
export function keepsSome(run: Run, kept: string): Loss {
  let left = Math.floor(run.random() * 5);

  return (what) => what === kept && left-- > 0;
}

/** Alice hears of her PRACK only when she has said BYE, and Bob of the BYE only after that. */
export function keepsUntilBye(run: Run): Loss {
  let isThrough = false;

  return (what) => {
    if (what === '200 PRACK') isThrough ||= run.times('alice', 'BYE') > 0;

    return !isThrough && (what === '200 PRACK' || what === 'BYE');
  };
}

/** A B2BUA: the call goes on to another place, and what ends one leg ends the other. */
export function bridge(
  phone: Phone,
  req: LocalRequest,
  res: LocalResponse,
  uri: string,
  more: { proxy?: string } = {},
): void {
  const hops = Number(req.get('Max-Forwards') ?? 70);
  let leg: LocalRequest | undefined;
  req.on('cancel', () => leg?.cancel({}, ignore));
  res.send(180);
  phone.call(
    uri,
    { ...more, headers: { 'Max-Forwards': String(hops - 1) } },
    {
      sent: (sent) => (leg = sent),
      failed: (status) => res.send(status, {}, ignore),
      answered: (further) => {
        let isJoined = false;
        phone.answer(res, (first) => {
          isJoined = true;
          const before = phone.onBye;
          phone.onBye = (over) => {
            before(over);
            if (over === first) hangUp(phone, further);
            else if (over === further) hangUp(phone, first);
          };
        });
        if (!isJoined) hangUp(phone, further);
      },
    },
  );
}
