import { parseArgs } from 'node:util';
import type { Address } from '../phone';
import { startServer, type ServerProcess } from '../phone/server-process';
import { runDemoCall, type DemoCallResult } from './call';

const usage = `Usage: scripts/demo [--once]

  Starts Sightline on the demo site, places one call from a terminal over the menu to an agent, and shows every SIP step.
  --once   ends after the call; exit code 0 only if every step was seen
`;

/** The ports of the contract, where they are free; any free port otherwise, for a machine that has SIP servers already. */
const wanted = { SIGHTLINE_SIP_PORT: '5060', SIGHTLINE_WS_PORT: '5066', SIGHTLINE_HTTP_PORT: '8080' };

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { once: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(usage);

    return 0;
  }
  say('Starting Sightline on the demo site (dialplans/demo) …');
  const server = await start(values.once === true);
  const interrupted = new Promise<'stop'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('stop'));
  });
  try {
    say(`It listens on ${at(server.sip)} (SIP) and ${server.url} (REST). One call, step by step:\n`);
    const result = await Promise.race([runDemoCall({ sip: server.sip }), interrupted]);
    if (result === 'stop') return 130;
    tellOutcome(result);
    if (values.once) return result.ok ? 0 : 1;
    say(howToDial(server));
    await interrupted;

    return 0;
  } finally {
    await server.stop();
  }
}

/** A demo that keeps serving takes the well-known ports, so that what the docs say of dialling in holds. */
async function start(once: boolean): Promise<ServerProcess> {
  if (once) return startServer();
  try {
    return await startServer({ env: wanted });
  } catch {
    say('The well-known ports (5060, 5066, 8080) are taken; using free ones.');

    return startServer();
  }
}

function tellOutcome(result: DemoCallResult): void {
  say('');
  for (const failure of result.failures) say(`Failed: ${failure}`);
  for (const step of result.missing) say(`Not seen: ${step}`);
  if (result.ok) say('Every step was seen: asked for help, read the menu, waited, was bridged with video, hung up.');
}

function howToDial(server: ServerProcess): string {
  return `
Sightline goes on serving. Dial in with any SIP phone on this machine:
  server     ${at(server.sip)} (UDP or TCP), domain sightline.test
  terminal   1001 to 1010, password demo-terminal
  seat       2001 to 2010, password demo-seat; available as soon as it is registered
  numbers    6001 the menu on the screen, 6100 straight to an agent
             help: answers with a routing number (302), which is then dialled
  REST       ${server.url}/v1/openapi.json; Authorization: Bearer ${server.apiToken}
Ctrl-C ends it.`;
}

function at(address: Address): string {
  return `${address.host}:${address.port}`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
