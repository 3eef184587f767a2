import { callerOf } from '../phone';
import { play, readArguments, register, reportMedia, untilMediaFlows, untilTold, type Actor } from './actor';

/** The seat of the demo: an agent's video phone that rings for a moment, picks up and talks until the other hangs up. */

const args = readArguments({ ring: '0.4' });

async function act({ phone, media, report }: Actor): Promise<void> {
  await register(phone);
  const coming = phone.next('incoming', { timeout: 60_000 });
  report.say({ kind: 'reached', what: 'ready' });
  const [call] = await coming;
  call.ring();
  report.say({ kind: 'note', text: `rings: ${callerOf(call)}` });
  media.follow(call);
  phone.wire.wheel.after(Number(args.ring) * 1000, () => {
    report.say({ kind: 'note', text: 'the agent picks up' });
    call.answer();
  });
  await call.untilEstablished();
  await untilMediaFlows(call, media);
  report.say({ kind: 'reached', what: 'media' });
  await call.untilEnded(60_000);
  reportMedia(report, media);
  report.say({ kind: 'reached', what: 'ended' });
  await untilTold('quit');
  await phone.unregister();
}

void play('seat', args, act);
