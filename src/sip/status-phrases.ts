import sipStatus from 'sip-status';

/** Statuses of later RFCs, here 469 of RFC 6086: drachtio-srf refuses to send one that its list has no phrase for. */
const laterPhrases: Record<number, string> = { 469: 'Bad Info Package' };

for (const [status, phrase] of Object.entries(laterPhrases)) sipStatus[Number(status)] ??= phrase;
