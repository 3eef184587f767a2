/** The key, and the DTMF digit, that leads to the next part of a page. */
export const MORE_KEY = '#';
/** Leads to the part before. */
export const PREVIOUS_KEY = '*';
/** While a person waits: to be called back, where the queue does that. */
export const CALLBACK_KEY = '#';
