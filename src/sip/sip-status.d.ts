declare module 'sip-status' {
  const phrases: Record<number, string>;
  export = phrases;
}
