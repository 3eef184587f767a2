/** What the user of this layer asked for cannot be done; the message is told to the application as it stands. */
export class UserError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UserError';
  }
}

export function badHeader(name: string): UserError {
  return new UserError(`the header '${name.slice(0, 40).replace(/[^\x20-\x7e]/g, '?')}' cannot be sent`);
}
