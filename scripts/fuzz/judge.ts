import { SightlineError } from '../../src/lib/errors';
import { parseServerMessage, parseTerminalMessage, CONTENT_TYPE } from '../../src/ivr/codec';
import {
  asAnswer,
  asOffer,
  codecIds,
  hasVideo,
  inactiveAnswer,
  isHold,
  newOrigin,
  parseSdp,
  sameMedia,
} from '../../src/media/sdp';
import { helpRequestType, readHelpRequest } from '../../src/sip/help-request';
import { parseAuthorization } from '../../src/sip/registrar/digest';
import { parseDatagram, SipSyntaxError } from '../../src/sipd/message/parse';
import { toBuffer } from '../../src/sipd/message/serialize';
import { checkRequest } from '../../src/sipd/transaction/checks';
import { faultResponse } from '../../src/sipd/transaction/faults';
import { clientKey, mergeKey, serverKey } from '../../src/sipd/transaction/keys';
import { stampFaulty, stampVia } from '../../src/sipd/transport/via';

/** What is fuzzed: `message` is a datagram; the others are what messages carry. */
export const kinds = ['message', 'sdp', 'json', 'authorization'] as const;
export type Kind = (typeof kinds)[number];

/** Milliseconds that reading may take. */
const longest = 100;
const source = { address: '192.0.2.77', port: 4321 };
const origin = newOrigin('192.0.2.1');

/** Reads the input as the server would. Gives what is wrong with that, or undefined when it was taken or refused as it should. */
export function judge(kind: Kind, bytes: Buffer): string | undefined {
  // Another process may have had the processor: what is slow must be slow three times.
  let spent = Infinity;
  for (let attempt = 0; attempt < 3 && spent > longest; attempt += 1) {
    const began = performance.now();
    const fault = read(kind, bytes);
    if (fault !== undefined) return fault;
    spent = Math.min(spent, performance.now() - began);
  }

  return spent > longest ? `took ${Math.round(spent)} ms` : undefined;
}

function read(kind: Kind, bytes: Buffer): string | undefined {
  try {
    return kind === 'message' ? readMessage(bytes) : readBody(kind, bytes);
  } catch (thrown) {
    if (kind !== 'message' && thrown instanceof SightlineError) return undefined;

    return `threw ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`;
  }
}

/** All that happens to a datagram before anybody else sees it. */
function readMessage(bytes: Buffer): string | undefined {
  try {
    const message = parseDatagram(bytes);
    if (message.kind === 'response') {
      clientKey(message);
    } else {
      stampVia(message, source);
      serverKey(message);
      mergeKey(message);
      checkRequest(message, { extensions: [] }, false);
    }
    const again = parseDatagram(toBuffer(message));
    if (String(again.headers) !== String(message.headers)) return 'what was written is read as something else';

    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof SipSyntaxError)) throw thrown;

    return thrown.request ? answerFault(thrown, thrown.request) : undefined;
  }
}

/** An answer has as many lines as headers: nothing of the input breaks out of its own. */
function answerFault(error: SipSyntaxError, request: NonNullable<SipSyntaxError['request']>): string | undefined {
  stampFaulty(request.headers, source);
  const response = faultResponse(request, error.status, error.reason);
  if (!response) return undefined;
  const lines = toBuffer(response)
    .toString('latin1')
    .split(/\r\n|\r|\n/);

  return lines.length === response.headers.size + 3 ? undefined : 'the input breaks the lines of the answer';
}

function readBody(kind: Exclude<Kind, 'message'>, bytes: Buffer): undefined {
  const text = bytes.toString();
  if (kind === 'authorization') parseAuthorization(text);
  else if (kind === 'sdp') readSdp(text);
  else for (const readJson of jsonReaders) tolerate(() => readJson(text));
}

const jsonReaders = [
  (text: string): unknown => parseTerminalMessage(CONTENT_TYPE, text),
  (text: string): unknown => parseServerMessage(CONTENT_TYPE, text),
  (text: string): unknown => readHelpRequest(helpRequestType, text),
];

/** The errors that each reader names itself do not keep the next from reading. */
function tolerate(act: () => unknown): void {
  try {
    act();
  } catch (thrown) {
    if (!(thrown instanceof SightlineError)) throw thrown;
  }
}

function readSdp(text: string): void {
  const sdp = parseSdp(text);
  hasVideo(sdp);
  isHold(sdp);
  sameMedia(sdp, sdp);
  for (const { kind } of sdp.media) codecIds(sdp, kind);
  const offer = asOffer(sdp, origin);
  tolerate(() => inactiveAnswer(sdp, origin));
  tolerate(() => asAnswer(sdp, sdp, origin));
  // What we write we read.
  parseSdp(offer);
}
