/** The methods of SIP that this project knows by name: RFC 3261, 3262, 3311, 6086, 3428, 3515, 6665 and 3903. */
export const knownMethods = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'OPTIONS',
  'REGISTER',
  'PRACK',
  'UPDATE',
  'INFO',
  'MESSAGE',
  'REFER',
  'SUBSCRIBE',
  'NOTIFY',
  'PUBLISH',
] as const;
