import { askForHelp, MenuScreen, menuHeader, type MenuMessage, type SipMsg } from '../phone';
import { play, readArguments, register, reportMedia, untilMediaFlows, untilTold, type Actor } from './actor';

/** The help terminal of the demo: asks for help, dials the number, touches its way to a person, talks, hangs up. */

const args = readArguments({ service: 'support', choose: '5,1', locale: 'en' });

async function help({ phone, report }: Actor): Promise<string> {
  report.say({ kind: 'note', text: 'somebody touches "Help"' });
  const answer = await askForHelp(phone, { id: `help-${Date.now()}`, service: args.service, locale: args.locale });
  if (answer.number === undefined) throw new Error(`no routing number: ${answer.error?.code ?? 'no reason given'}`);

  return answer.number;
}

function title(page: MenuMessage): string {
  return typeof page.title === 'string' ? page.title : String(page.id);
}

async function walk(screen: MenuScreen, actor: Actor): Promise<void> {
  const keys = args.choose.split(',');
  for (const [index, key] of keys.entries()) {
    const page = await screen.waitFor('page');
    const label = screen.page?.items.find((item) => item.key === key)?.label;
    if (label === undefined) throw new Error(`the page '${title(page)}' has no item ${key}`);
    actor.report.say({ kind: 'note', text: `touches "${label}"` });
    okay(await screen.choose(key), `the choice of item ${key}`);
    if (index === keys.length - 1) await screen.waitFor('queue');
  }
}

function okay(response: SipMsg, what: string): void {
  if (response.status >= 300) throw new Error(`${what} was answered ${response.status} ${response.reason}`);
}

async function act(actor: Actor): Promise<void> {
  const { phone, media, report } = actor;
  await register(phone);
  const number = await help(actor);
  report.say({ kind: 'note', text: `dials ${number}` });
  const call = phone.invite(number);
  const screen = new MenuScreen(call);
  media.follow(call);
  await call.untilEstablished();
  await walk(screen, actor);
  const connected = await screen.waitFor('connected', undefined, 15_000);
  const agent = (connected.agent as { name?: string } | undefined)?.name ?? 'somebody';
  report.say({ kind: 'note', text: `sees ${agent}` });
  await untilMediaFlows(call, media);
  report.say({ kind: 'reached', what: 'media' });
  await untilTold('hangup');
  reportMedia(report, media);
  report.say({ kind: 'note', text: 'hangs up' });
  call.hangup();
  okay((await call.byeResponse)!, 'the BYE');
  report.say({ kind: 'reached', what: 'ended' });
  await phone.unregister();
}

void play('terminal', { ...args, headers: [menuHeader] }, act);
