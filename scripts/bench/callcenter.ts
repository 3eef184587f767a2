import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../src/lib/clock';
import type { EslAddress } from '../../src/media/freeswitch';
import { EslLink } from '../../src/media/freeswitch/esl-link';
import type { Address } from '../phone';

/** Seats that a queue of mod_callcenter rings. */
export interface CallCenterSeats {
  queue: string;
  /** SIP profile by which they are rung. */
  profile: string;
  count: number;
  /** Where all of them listen. */
  at: Address;
}

/** How long calls may take to be gone after they were hung up, in ms. */
const clearLimit = 30_000;
const lookMs = 200;
const atOnce = 50;

/**
 * Makes seats a1…aN agents of the queue, in place of all agents that it had, and gives a function that has every agent wait again.
 * The connection is closed in between, since what is measured should not be asked anything.
 *
 * @throws Error with what FreeSWITCH said to a command that it refused.
 */
export async function setUpCallCenter(address: EslAddress, seats: CallCenterSeats): Promise<() => Promise<void>> {
  const names = Array.from({ length: seats.count }, (_, index) => `a${index + 1}`);
  await withLink(address, async (link) => {
    await removeAgents(link);
    await askAll(
      link,
      names.flatMap((name) => agentCommands(seats, name)),
    );
  });

  return () => withLink(address, (link) => reset(link, names));
}

/** Takes all agents away again. */
export function clearCallCenter(address: EslAddress): Promise<void> {
  return withLink(address, removeAgents);
}

async function withLink(address: EslAddress, work: (link: EslLink) => Promise<void>): Promise<void> {
  const link = await EslLink.open(address, systemClock);
  try {
    await work(link);
  } finally {
    link.close();
  }
}

async function removeAgents(link: EslLink): Promise<void> {
  const lines = (await link.api('callcenter_config agent list')).split('\n');
  const names = lines.slice(1).map((line) => line.split('|')[0] ?? '');
  await askAll(
    link,
    names.filter((name) => /^[\w@.-]+$/.test(name) && name !== '+OK').map((name) => `agent del ${name}`),
  );
}

function agentCommands({ queue, profile, at }: CallCenterSeats, name: string): string[] {
  const contact = `{absolute_codec_string=PCMU}sofia/${profile}/sip:${name}@${at.host}:${at.port}`;
  // As in the site that it is compared with: no rest after a call, whatever became of it, and nobody is sent away for not answering.
  const numbers = ['max_no_answer', 'wrap_up_time', 'reject_delay_time', 'busy_delay_time', 'no_answer_delay_time'];

  return [
    `agent add ${name} callback`,
    `agent set contact ${name} ${contact}`,
    ...numbers.map((number) => `agent set ${number} ${name} 0`),
    ...waitingCommands(name),
    `tier add ${queue} ${name} 1 1`,
  ];
}

function waitingCommands(name: string): string[] {
  return [`agent set state ${name} Waiting`, `agent set status ${name} Available`];
}

/** No call is left of the run before, and no agent is thought to be in one. */
async function reset(link: EslLink, names: readonly string[]): Promise<void> {
  await link.api('hupall');
  const until = performance.now() + clearLimit;
  while (!/^0 session\(s\) - peak/m.test(await link.api('status'))) {
    if (performance.now() > until) throw new Error(`FreeSWITCH still has calls ${clearLimit / 1000} s after the run`);
    await pause(lookMs);
  }
  await askAll(link, names.flatMap(waitingCommands));
}

/** In order, some of them under way at once. @throws Error with the first refusal. */
async function askAll(link: EslLink, commands: readonly string[]): Promise<void> {
  for (let done = 0; done < commands.length; done += atOnce) {
    await Promise.all(commands.slice(done, done + atOnce).map((command) => ask(link, command)));
  }
}

async function ask(link: EslLink, command: string): Promise<void> {
  const answer = (await link.api(`callcenter_config ${command}`)).trim();
  if (!answer.startsWith('+OK')) throw new Error(`FreeSWITCH: callcenter_config ${command}: ${answer}`);
}
