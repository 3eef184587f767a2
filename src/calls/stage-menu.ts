import { asSightlineError } from '../lib/errors';
import type { FormValues } from '../ivr/form';
import type { TerminalMessage } from '../ivr/messages';
import type { Menu } from '../ivr/model';
import { enterMenu, showMenu, startMenu, step, type StepAction, type StepResult } from '../ivr/session';
import type { Call } from './call';

/** The screen of a call whose flow has no menu: it shows the queue, the talk and the end. */
const noMenu: Menu = { id: '-', start: '-', pages: { '-': { id: '-', title: {}, items: [], back: false } } };

export function menuOf(call: Call): Menu {
  const id = call.record.menu?.menu ?? call.plan.flows.get(call.record.flow)?.menu;

  return (id === undefined ? undefined : call.plan.menus.get(id)) ?? noMenu;
}

/** The state of the screen, begun where there is none yet. */
export function screenState(call: Call): NonNullable<Call['record']['menu']> {
  call.record.menu ??= startMenu(menuOf(call), call.record.locale, call.face?.paging).state;

  return call.record.menu;
}

/** Keeps the state of the screen and sends what it is to show. */
export function present(call: Call, result: StepResult): void {
  call.record.menu = result.state;
  call.face?.showAll(result.send);
  call.home.save(call.record);
}

/** Second stage: shows the menu, from its start or where the person left it. */
export function openMenu(call: Call): void {
  call.apply('open-menu');
  const menu = menuOf(call);
  present(
    call,
    call.record.menu ? showMenu(menu, call.record.menu) : startMenu(menu, call.record.locale, call.face?.paging),
  );
}

/** What the person did on the screen, or a receipt of the terminal. */
export function onScreenMessage(call: Call, message: TerminalMessage): void {
  takeStep(call, step(menuOf(call), screenState(call), message));
}

/** A key that was pressed, as INFO or as RTP event. */
export function onDigit(call: Call, digit: string): void {
  if (!call.record.menu) return;
  takeStep(call, step(menuOf(call), call.record.menu, { type: 'digit', digit }));
}

function takeStep(call: Call, result: StepResult): void {
  if (result.duplicate || call.ended) return;
  present(call, result);
  if (result.values) keepValues(call, result.values);
  if (result.action) carryOut(call, result.action);
}

/** What was entered is known to the agent before the call is taken. */
function keepValues(call: Call, values: FormValues): void {
  call.record.context.form = { ...(call.record.context.form as object | undefined), ...values };
  call.note('form', Object.keys(values).join(', '));
}

type Action<T extends StepAction['type']> = Extract<StepAction, { type: T }>;
type Carriers = { [T in StepAction['type']]: (call: Call, action: Action<T>) => void };

const carriers: Carriers = {
  queue: (call, action) => {
    const flow = call.plan.flows.get(call.record.flow);
    call.home.stages.queue(call, {
      queue: action.queue,
      priority: action.priority ?? flow?.priority ?? 0,
      skills: action.skills ?? flow?.skills ?? [],
    });
  },
  flow: (call, action) => goToFlow(call, action.flow),
  end: (call, action) => call.home.stages.end(call, { by: 'server', cause: action.reason }),
  leave: (call) => call.run(leave(call)),
  detour: (call) => call.note('detour'),
  ask: (call, action) => {
    const flow = call.plan.flows.get(call.record.flow);
    call.note('ask', action.page);
    if (flow) call.home.stages.queue(call, flow);
  },
  callback: (call) => call.home.stages.callback(call),
  text: (call, action) => sendText(call, action.text),
  shown: (call, action) => call.face?.settle(action.ref, true),
  failed: (call, action) => call.face?.settle(action.ref, false, action.reason),
  survey: (call, action) => {
    call.record.context.survey = action.values;
    call.note('survey', action.id);
  },
};

function carryOut(call: Call, action: StepAction): void {
  const carrier = carriers[action.type] as (call: Call, action: StepAction) => void;
  carrier(call, action);
}

function goToFlow(call: Call, id: string): void {
  const flow = call.plan.flows.get(id);
  if (!flow) return;
  call.record.flow = id;
  call.note('flow', id);
  const menu = flow.menu === undefined ? undefined : call.plan.menus.get(flow.menu);
  if (menu) present(call, enterMenu(menu, screenState(call)));
  else call.home.stages.queue(call, flow);
}

/** The person gives up: the wait where there is a menu to go back to, otherwise the call. */
async function leave(call: Call): Promise<void> {
  const { home, record } = call;
  const waiting = call.state === 'queued' || call.state === 'offered';
  const flow = call.plan.flows.get(record.flow);
  if (!waiting || !flow?.menu || !call.face) return home.stages.end(call, { by: 'caller', cause: 'left' });
  const { ticketId, queue } = record;
  call.leaveQueue();
  home.stages.menu(call);
  call.note('left-queue', queue);
  if (!ticketId) return;
  try {
    await home.acd.leave(ticketId, 'abandoned');
  } catch (error) {
    home.log.warn({ err: asSightlineError(error), call: call.id }, 'the ticket could not be given up; the sweep will');
  }
}

/** What the person writes goes to the agent's phone (RFC 3428 within the dialog). */
function sendText(call: Call, text: string): void {
  call.note('text', 'from the terminal');
  if (call.state !== 'talking' || !call.seat) return;
  call.seat.request('MESSAGE', { contentType: 'text/plain;charset=UTF-8', body: text }).catch((error: unknown) => {
    call.home.log.info({ err: error, call: call.id }, 'the seat did not take a text');
  });
}
