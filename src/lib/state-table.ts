/** A state machine as a table: state x input -> next state. An input without an entry is a wrong arrow. */
export type StateTable<S extends string, I extends string> = Readonly<Record<S, Partial<Readonly<Record<I, S>>>>>;

export class WrongArrowError extends Error {
  constructor(
    readonly machine: string,
    readonly state: string,
    readonly input: string,
  ) {
    super(`${machine}: no arrow '${input}' from state '${state}'`);
    this.name = 'WrongArrowError';
  }
}

/** Holds one machine's state; the only place that changes it is `apply`. */
export class StateMachine<S extends string, I extends string> {
  constructor(
    private readonly name: string,
    private readonly table: StateTable<S, I>,
    private current: S,
    private readonly onChange?: (from: S, to: S, input: I) => void,
  ) {}

  get state(): S {
    return this.current;
  }

  can(input: I): boolean {
    return this.table[this.current][input] !== undefined;
  }

  /** @throws WrongArrowError when the table has no arrow for this input in the present state. */
  apply(input: I): S {
    const from = this.current;
    const to = this.table[from][input];
    if (to === undefined) throw new WrongArrowError(this.name, from, input);
    this.current = to;
    this.onChange?.(from, to, input);

    return to;
  }
}
