import { UserError } from '../dialog/user-error';

/** What an application asks a proxy to do with a request. */
export interface ProxyOrder {
  /** Names the request, as the application was told of it. */
  transactionId: string;
  /** Stay in the path of what follows: Record-Route, or Path for a REGISTER. */
  recordRoute: boolean;
  /** Tell the application of every final response. */
  fullResponse: boolean;
  followRedirects: boolean;
  /** Ask all targets at once, not one after the other. */
  simultaneous: boolean;
  /** How long one target may stay without any response, and without a final one, in milliseconds. */
  provisionalTimeout: number | undefined;
  finalTimeout: number | undefined;
  targets: string[];
  /** Headers that the application adds or replaces. */
  headers: readonly (readonly [name: string, value: string])[];
}

/**
 * Reads the arguments of `proxy|<transaction>|remainInDialog|fullResponse|followRedirects|simultaneous|<provisional
 * timeout>|<final timeout>|<target>…`; a flag that is not set is an empty word.
 * @throws UserError
 */
export function parseOrder(args: readonly string[], headers: ProxyOrder['headers']): ProxyOrder {
  const [transactionId, recordRoute, fullResponse, followRedirects, forking, provisional, final, ...rest] = args;
  const targets = rest.filter((target) => target !== '');
  if (!transactionId || targets.length === 0) {
    throw new UserError('Invalid proxy request: not enough information provided');
  }

  return {
    transactionId,
    recordRoute: recordRoute === 'remainInDialog',
    fullResponse: fullResponse === 'fullResponse',
    followRedirects: followRedirects === 'followRedirects',
    simultaneous: forking === 'simultaneous',
    provisionalTimeout: parseDuration(provisional ?? ''),
    finalTimeout: parseDuration(final ?? ''),
    targets,
    headers,
  };
}

/** `2s` or `1500ms`; nothing is no limit, and neither is 0, as for drachtio-server. @throws UserError */
function parseDuration(text: string): number | undefined {
  if (text === '') return undefined;
  const match = /^([0-9]{1,7})(ms|s)$/.exec(text);
  if (!match) throw new UserError(`Invalid timeout syntax: ${text}`);

  return Number(match[1]) * (match[2] === 's' ? 1000 : 1) || undefined;
}
