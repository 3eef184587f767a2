import type { SipRequest } from '../message/message';

/** An answer that a request gets without its user hearing of it. */
export interface Refusal {
  status: number;
  reason?: string;
  headers?: [name: string, value: string][];
}

export interface CheckOptions {
  /** The methods that are taken; all when left out. */
  methods?: readonly string[];
  /** The URI schemes that are taken in a Request-URI. */
  schemes?: readonly string[];
  /** The option tags that may be required, in lower case; none is checked when left out. */
  extensions?: readonly string[];
}

const defaultSchemes = ['sip', 'sips', 'tel'];

/**
 * The checks of a new request that need nothing but the request, in the order of RFC 3261 section 8.2 with that of
 * section 16.3 for what a proxy would see first. ACK and CANCEL are never refused for what they require.
 * @param isMerged whether this request came already by another way, or was sent on from here as it is (section 16.3, step 4)
 */
export function checkRequest(request: SipRequest, options: CheckOptions, isMerged: boolean): Refusal | undefined {
  return (
    checkMethod(request, options.methods) ??
    checkScheme(request, options.schemes ?? defaultSchemes) ??
    checkHops(request) ??
    (isMerged ? { status: 482 } : undefined) ??
    checkRequired(request, options.extensions)
  );
}

/** Section 8.2.1. */
function checkMethod(request: SipRequest, methods: readonly string[] | undefined): Refusal | undefined {
  if (!methods || methods.includes(request.method)) return undefined;

  return { status: 405, headers: [['Allow', methods.join(', ')]] };
}

/** Section 8.2.2.1. */
function checkScheme(request: SipRequest, schemes: readonly string[]): Refusal | undefined {
  return schemes.includes(request.target.scheme) ? undefined : { status: 416 };
}

/**
 * Section 16.3, step 3: this server routes calls, so a new request that may make no further hop has lost its way. Within
 * a dialog it has arrived.
 */
function checkHops(request: SipRequest): Refusal | undefined {
  const hops = request.headers.get('Max-Forwards');

  return hops !== undefined && Number(hops) === 0 && request.toTag === undefined ? { status: 483 } : undefined;
}

/**
 * Section 8.2.2.3, and 16.3 step 5 for Proxy-Require. What a request within a dialog requires that has a Route, which is to
 * go on from here, is for the far end to know.
 */
function checkRequired(request: SipRequest, extensions: readonly string[] | undefined): Refusal | undefined {
  if (!extensions) return undefined;
  const isPassing = request.toTag !== undefined && request.headers.has('Route');
  const ofUs = isPassing ? [] : request.headers.all('Require');
  const required = [...ofUs, ...request.headers.all('Proxy-Require')];
  const unknown = required.filter((name) => name !== '' && !extensions.includes(name.toLowerCase()));
  if (unknown.length === 0) return undefined;

  return { status: 420, headers: [['Unsupported', unknown.join(', ')]] };
}
