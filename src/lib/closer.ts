type Close = () => void | Promise<void>;

/**
 * Closes what was opened, last opened first. Each closer runs once, however often `close` is called; one that throws
 * does not keep the others open.
 */
export class Closer {
  private readonly stack: { name: string; close: Close }[] = [];
  private closing: Promise<void> | undefined;

  constructor(private readonly onError: (name: string, error: unknown) => void = () => undefined) {}

  add(name: string, close: Close): void {
    this.stack.push({ name, close });
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();

    return this.closing;
  }

  private async closeAll(): Promise<void> {
    for (let entry = this.stack.pop(); entry; entry = this.stack.pop()) {
      try {
        await entry.close();
      } catch (error) {
        this.onError(entry.name, error);
      }
    }
  }
}
