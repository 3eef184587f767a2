import type { Phone } from './phone';

export interface RoutingNumberMessage {
  request: string;
  number?: string;
  uri?: string;
  expires?: number | string;
  service?: string;
  error?: { code: string; retryAfter?: number };
}

export interface HelpRequest {
  id: string;
  service?: string;
  locale?: string;
  place?: string;
  context?: unknown;
}

/**
 * Asks for help by MESSAGE and waits for the MESSAGE with the routing number.
 * @throws Error when the request is refused, WaitError when no number comes within `timeout` ms.
 */
export async function askForHelp(phone: Phone, request: HelpRequest, timeout = 5000): Promise<RoutingNumberMessage> {
  // The number may overtake the 202, so listening begins before asking.
  const coming = phone.next('message', {
    timeout,
    where: (message) => readRoutingNumber(message.contentType, message.body)?.request === request.id,
  });
  coming.catch(() => undefined);
  const answer = await phone.message('help', 'application/help-request+json', JSON.stringify(request));
  if (answer.status >= 300) {
    const why = answer.header('warning') ?? '';
    throw new Error(`the help request was refused: ${answer.status} ${answer.reason} ${why}`.trim());
  }
  const [message] = await coming;

  return readRoutingNumber(message.contentType, message.body)!;
}

export function readRoutingNumber(contentType: string, body: string): RoutingNumberMessage | undefined {
  if (contentType !== 'application/routing-number+json') return undefined;
  try {
    const message = JSON.parse(body) as Partial<RoutingNumberMessage> | null;

    return typeof message?.request === 'string' ? (message as RoutingNumberMessage) : undefined;
  } catch {
    return undefined;
  }
}
