import { Call, type CallHome, type QueueTarget } from '../../../src/calls/call';
import { requestOf, targetOf } from '../../../src/calls/queue-wish';
import type { CallRecord } from '../../../src/calls/record';
import type { Plan } from '../../../src/dialplan/model';
import { pcmu, phone, vp8 } from './descriptions';

const target: QueueTarget = { queue: 'support', priority: 60, skills: ['fares'] };

const noPlan = { flows: new Map(), terminals: new Map() } as unknown as Plan;

function callOf(context: Record<string, unknown>, remote?: string, plan = noPlan): Call {
  const media = remote === undefined ? {} : { remote };
  const record = {
    id: 'c1',
    state: 'queued',
    flow: 'main',
    caller: { user: '1001', kind: 'terminal' },
    terminal: { media },
    context,
  };

  return new Call(record as unknown as CallRecord, plan, {} as CallHome);
}

test('a call is queued with its terminal, and known by it', () => {
  expect(requestOf(callOf({}, phone(pcmu, vp8)), target)).toEqual({
    queue: 'support',
    callId: 'c1',
    terminal: '1001',
    priority: 60,
    skills: ['fares'],
    medium: 'video',
    customer: '1001',
  });
});

test.each([
  [phone(pcmu), 'voice'],
  [phone(pcmu, 'm=video 0 RTP/AVP 97'), 'voice'],
  [phone(pcmu, vp8), 'video'],
  [undefined, 'video'],
])('the medium is what the phone has', (remote, medium) => {
  expect(requestOf(callOf({}, remote), target).medium).toBe(medium);
});

test('the help request may say who the customer is, and whom he asks for', () => {
  const known = { customer: 'C-17', designated: '2003' };
  expect(requestOf(callOf({ customer: 'C-17', agent: '2003' }), target)).toMatchObject(known);
  expect(requestOf(callOf({ request: { customer: 'C-17', agent: '2003' } }), target)).toMatchObject(known);
  const odd = requestOf(callOf({ customer: 17, agent: '', request: null }), target);
  expect(odd.customer).toBe('1001');
  expect(odd).not.toHaveProperty('designated');
});

test('what the plan says goes before what came with the call', () => {
  const wished = { ...target, class: 'vip' as const, designated: '2001', customer: 'C-1', medium: 'text' as const };
  expect(requestOf(callOf({ agent: '2003', customer: 'C-17' }), wished)).toMatchObject({
    class: 'vip',
    designated: '2001',
    customer: 'C-1',
    medium: 'text',
  });
});

describe('what a call is to be queued with', () => {
  const flow = { id: 'main', menu: 'main', queue: 'support', priority: 5, skills: ['de'], class: 'low' };
  const terminal = { id: '1001', password: 'x', class: 'vip', customer: 'C-17' };
  const planWith = (terminals: [string, typeof terminal][]): Plan =>
    ({ flows: new Map([['main', flow]]), terminals: new Map(terminals) }) as unknown as Plan;
  const [bare, known] = [planWith([]), planWith([['1001', terminal]])];

  test('is what its flow says', () => {
    const { id: _id, menu: _menu, ...wish } = flow;
    expect(targetOf(callOf({}, undefined, bare))).toEqual(wish);
  });

  test('has the class of its terminal in place of that of the flow, and its customer', () => {
    const call = callOf({}, undefined, known);
    expect(targetOf(call).class).toBe('vip');
    expect(requestOf(call, targetOf(call))).toMatchObject({ class: 'vip', customer: 'C-17' });
  });

  test('is what a choice in a menu says before all that', () => {
    const choice = { type: 'queue' as const, queue: 'tickets', skills: ['fares'], priority: undefined };
    expect(targetOf(callOf({}, undefined, known), { ...choice, class: 'alarm', designated: '2003' })).toEqual({
      queue: 'tickets',
      priority: 5,
      skills: ['fares'],
      class: 'alarm',
      designated: '2003',
    });
  });
});
