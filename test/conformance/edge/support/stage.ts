import type { Application } from './application';
import type { EdgeUnderTest } from './edges';
import { Phone } from './phone';

/** What a story finds in place: a running edge, an application connected to it, and phones that are put away afterwards. */
export interface Stage {
  readonly edge: EdgeUnderTest;
  readonly app: Application;
  udp(): Promise<Phone>;
  tcp(): Promise<Phone>;
  ws(): Promise<Phone>;
  /** A user name that no other story has. */
  user(): string;
}

let users = 0;

export class StageManager implements Stage {
  private phones: Phone[] = [];

  constructor(
    private readonly find: () => EdgeUnderTest,
    private readonly findApp: () => Application,
  ) {}

  get edge(): EdgeUnderTest {
    return this.find();
  }

  get app(): Application {
    return this.findApp();
  }

  async udp(): Promise<Phone> {
    return this.keep(await Phone.udp(this.edge));
  }

  async tcp(): Promise<Phone> {
    return this.keep(await Phone.tcp(this.edge));
  }

  async ws(): Promise<Phone> {
    return this.keep(await Phone.ws(this.edge));
  }

  user(): string {
    users += 1;

    return `u${process.pid}x${users}`;
  }

  async clear(): Promise<void> {
    const phones = this.phones;
    this.phones = [];
    await Promise.all(phones.map((phone) => phone.close()));
  }

  private keep(phone: Phone): Phone {
    this.phones.push(phone);

    return phone;
  }
}
