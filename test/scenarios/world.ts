import { setTimeout as pause } from 'node:timers/promises';
import { askForHelp, MenuScreen, menuHeader, Phone, Wire, type Call, type InviteOptions } from '../../scripts/phone';
import { startServer, type ServerOptions, type ServerProcess } from '../../scripts/phone/server-process';

/** Everything of one story: a real server, and phones over real sockets. Closed in one go. */
export class World {
  private readonly wires: Wire[] = [];
  private readonly phones: Phone[] = [];

  protected constructor(
    /** Another one once a story has restarted it. */
    public server: ServerProcess,
    readonly domain: string,
  ) {}

  static async open(options: ServerOptions = {}): Promise<World> {
    return new World(await startServer(options), 'sightline.test');
  }

  /** A terminal of the demo site, with or without a screen program. */
  async terminal(
    user: string,
    options: { screen?: boolean; password?: string; headers?: string[] } = {},
  ): Promise<Phone> {
    const headers = [...(options.screen ? [menuHeader] : []), ...(options.headers ?? [])];

    return this.phone(user, options.password ?? 'demo-terminal', headers);
  }

  /** A seat of the demo site, registered and so available. */
  async seat(user: string): Promise<Phone> {
    const phone = await this.phone(user, 'demo-seat', []);
    const answer = await phone.register();
    if (answer.status !== 200) throw new Error(`the seat ${user} was not registered: ${answer.status}`);

    return phone;
  }

  private async phone(user: string, password: string, headers: string[]): Promise<Phone> {
    const wire = await Wire.open();
    this.wires.push(wire);

    const phone = new Phone(wire, { user, password, domain: this.domain, server: this.server.sip, headers });
    this.phones.push(phone);

    return phone;
  }

  async get(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${this.server.url}${path}`, {
      headers: { authorization: `Bearer ${this.server.apiToken}` },
    });

    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async seatState(seatId: string): Promise<string | undefined> {
    const { body } = await this.get('/v1/queues');
    const seats = body.seats as { seatId: string; state: string }[];

    return seats.find((seat) => seat.seatId === seatId)?.state;
  }

  /** Hangs up what is still up, on both sides, so that nobody has to wait for the answer of a phone that is gone. */
  async hangUp(): Promise<void> {
    const calls = this.phones.flatMap((phone) => [...phone.calls]);
    for (const call of calls) call.hangup();
    await Promise.allSettled(calls.map((call) => call.byeResponse ?? call.untilEnded(1000)));
  }

  async close(): Promise<void> {
    await this.hangUp();
    for (const wire of this.wires) await wire.close();
    await this.server.stop();
  }
}

/** A call of a terminal that shows menus, up to its first page or queue message. */
export async function dialScreen(
  terminal: Phone,
  number: string,
  options: InviteOptions = {},
): Promise<{ call: Call; screen: MenuScreen }> {
  const call = terminal.invite(number, options);
  const screen = new MenuScreen(call);
  await call.untilEstablished();

  return { call, screen };
}

/** The next call that comes in at a phone. */
export async function nextCall(phone: Phone): Promise<Call> {
  const [call] = await phone.next('incoming');

  return call;
}

/** Asks for help and gives the number; throws when none is given. */
export async function helpNumber(terminal: Phone, id: string, service?: string): Promise<string> {
  const answer = await askForHelp(terminal, { id, ...(service ? { service } : {}) });
  if (!answer.number) throw new Error(`no number: ${JSON.stringify(answer)}`);

  return answer.number;
}

/** How long between two looks, in ms: whoever only asks keeps the one who is to get on from his work. */
const lookEvery = 10;

/** Looks again until `read` gives what is wanted; for states that no event tells of. */
export async function eventually<T>(read: () => Promise<T>, wanted: (value: T) => boolean, ms = 15_000): Promise<T> {
  const until = Date.now() + ms;
  for (;;) {
    const value = await read();
    if (wanted(value)) return value;
    if (Date.now() > until) throw new Error(`in ${ms} ms it never came to that; last: ${JSON.stringify(value)}`);
    await pause(lookEvery);
  }
}
