/** The last so many texts. */
export class Remembered {
  private readonly texts = new Set<string>();

  constructor(private readonly capacity: number) {}

  has(text: string): boolean {
    return this.texts.has(text);
  }

  /** A text that is known already becomes the newest. */
  add(text: string): void {
    this.texts.delete(text);
    this.texts.add(text);
    if (this.texts.size <= this.capacity) return;
    const [oldest] = this.texts;
    if (oldest !== undefined) this.texts.delete(oldest);
  }
}
