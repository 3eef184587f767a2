import type { Wire } from '../phone';
import { callerOf, monotonic, Phone, type Address, type Call } from '../phone';
import type { BenchOptions } from './options';
import type { CallerRecord, Ledger, SeatRecord } from './ledger';

/** How many REGISTER may be under way at once. */
const registering = 50;

/** The seats of a run: they ring, answer or decline, and tell the ledger. */
export class Seats {
  readonly records: SeatRecord[] = [];
  private readonly phones: Phone[] = [];

  constructor(
    private readonly wire: Wire,
    private readonly options: BenchOptions,
    private readonly ledger: Ledger,
    /** Called when a seat's side of a call is confirmed. */
    private readonly onTalking: (caller: CallerRecord) => void,
    /** Called when a seat is free again. */
    private readonly onFree: (caller: CallerRecord) => void,
  ) {}

  create(server: Address): void {
    for (let n = 1; n <= this.options.seats; n++) {
      const { domain, seatPassword: password } = this.options;
      const phone = new Phone(this.wire, { user: `a${n}`, domain, password, server });
      const record: SeatRecord = { id: phone.user, state: 'free', freeAt: 0, declined: false, caller: undefined };
      phone.on('incoming', (call) => this.take(record, call));
      this.phones.push(phone);
      this.records.push(record);
    }
  }

  /** Registers all; resolves with the ms it took. @throws Error with the first refusal. */
  async register(): Promise<number> {
    if (this.options.seatMode === 'static') return 0;
    const began = monotonic();
    const waiting = [...this.phones];
    const worker = async (): Promise<void> => {
      for (let phone = waiting.shift(); phone; phone = waiting.shift()) {
        const response = await phone.register(7200);
        if (response.status !== 200) throw new Error(`seat ${phone.user} was refused: ${response.status}`);
      }
    };
    await Promise.all(Array.from({ length: registering }, worker));

    return monotonic() - began;
  }

  async unregister(): Promise<void> {
    if (this.options.seatMode === 'static') return;
    await Promise.allSettled(this.phones.map((phone) => phone.unregister()));
  }

  close(): void {
    for (const phone of this.phones) phone.close();
  }

  private take(seat: SeatRecord, call: Call): void {
    const caller = this.ledger.callers.get(callerOf(call)) ?? this.callerInHeaders(call);
    if (!this.ledger.offered(seat, caller, monotonic())) return call.reject(486);
    call.on('established', () => {
      seat.state = 'talking';
      if (caller) this.onTalking(caller);
    });
    call.on('ended', () => {
      this.ledger.freed(seat, monotonic());
      if (caller) this.onFree(caller);
    });
    call.ring();
    const decline = Math.random() < this.options.decline;
    this.wire.wheel.after(this.options.answer * 1000, () => {
      if (call.state !== 'ringing') return;
      seat.declined = decline;
      if (decline) call.reject(486);
      else call.answer();
    });
  }

  /** A server that puts itself into From may name the caller elsewhere. */
  private callerInHeaders(call: Call): CallerRecord | undefined {
    for (const name of ['p-asserted-identity', 'remote-party-id', 'x-caller']) {
      const user = /sip:([^@>;]+)@/.exec(call.request?.header(name) ?? '')?.[1];
      const caller = user === undefined ? undefined : this.ledger.callers.get(user);
      if (caller) return caller;
    }

    return undefined;
  }
}
