/**
 * The shapes that nearly every header has: whatever matches here is well-formed, and is known to be so without an object
 * for its parts. What does not match may be well-formed all the same: then the parsers of this folder say, which are the
 * grammar. Each pattern reads its text once, as no two of its parts can begin with the same character, but for a host.
 */

const token = "[A-Za-z0-9\\-.!%*_+`'~]+";
const octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
/** An IPv4 address, or a name whose last label begins with a letter. */
const host = `(?:${octet}(?:\\.${octet}){3}|(?:[A-Za-z0-9-]+\\.)*[A-Za-z][A-Za-z0-9-]*)`;
const port = '(?::(?:[1-5][0-9]{4}|6[0-4][0-9]{3}|[1-9][0-9]{0,3}))?';
// The parameters stand in one order, so that none can be given twice.
const uri = `sips?:(?:[A-Za-z0-9\\-_.!~*'()+]+@)?${host}${port}(?:;transport=[A-Za-z]+)?(?:;lr)?(?:;ob)?(?:;user=phone)?`;
const display = `(?:"[ !#-[\\]-~]*" ?|[A-Za-z0-9\\-.!%*_+\`'~ ]*)`;
const received = `(?:;received=${octet}(?:\\.${octet}){3})?`;
const rport = '(?:;rport(?:=[1-9][0-9]{0,3})?)?';
const instance = '(?:;\\+sip\\.instance="[ !#-[\\]-~]*")?';

const target = new RegExp(`^${uri}$`);
const party = new RegExp(`^${display}<${uri}>(?:;tag=${token})?$`);
const contact = new RegExp(`^${display}<${uri}>${instance}(?:;reg-id=[0-9]+)?(?:;expires=[0-9]+)?$`);
const via = new RegExp(
  `^SIP/2\\.0/[A-Z]+ ${host}${port}(?:;branch=${token}${rport}|;rport;branch=${token})${received}$`,
);
const cseq = /^[0-9]{1,9} [A-Z]+$/;

/** Longer ones go to the parsers, which know how long a host may be. */
const longest = 255;

function matches(pattern: RegExp, text: string): boolean {
  return text.length <= longest && pattern.test(text);
}

/** A Request-URI without headers. */
export function isUsualTarget(text: string): boolean {
  return matches(target, text);
}

/** From or To, whose tag is a token. */
export function isUsualParty(text: string): boolean {
  return matches(party, text);
}

/** One Contact. */
export function isUsualContact(text: string): boolean {
  return matches(contact, text);
}

/** One Via, whose branch is a token. */
export function isUsualVia(text: string): boolean {
  return matches(via, text);
}

/** @param method what the CSeq has to name; any when not given */
export function isUsualCSeq(text: string, method?: string): boolean {
  if (!cseq.test(text)) return false;

  return method === undefined || (text.endsWith(method) && text.charCodeAt(text.length - method.length - 1) === 0x20);
}
