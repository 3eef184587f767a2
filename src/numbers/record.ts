import type { LeaseRequest, NumberState, RoutingNumber } from './types';

/** The part of a lease that only terminals and agents look into; kept in Redis as one text. */
export type LeaseData = Omit<LeaseRequest, 'terminal' | 'request' | 'pool'>;

/** A help request that waits for a number. */
export type WaitingRequest = Pick<LeaseRequest, 'terminal' | 'request' | 'pool'> & LeaseData;

export function dataText(request: LeaseRequest): string {
  const { service, flow, place, locale, context, planVersion, replyTo } = request;

  return JSON.stringify({ service, flow, place, locale, context, planVersion, replyTo } satisfies LeaseData);
}

/** A number from its hash, as scripts return it. */
export function routingNumberOf(number: string, flat: readonly string[], again: boolean): RoutingNumber {
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(flat[i] ?? '', flat[i + 1] ?? '');
  const text = (name: string): string => fields.get(name) ?? '';

  return {
    ...(JSON.parse(fields.get('data') ?? '{"service":"","flow":"","planVersion":""}') as LeaseData),
    number,
    pool: text('pool'),
    terminal: text('terminal'),
    request: text('request'),
    state: text('state') as NumberState,
    leasedAt: Number(text('leasedAt')),
    expiresAt: Number(text('until')),
    again,
    ...(fields.has('token') ? { token: text('token') } : {}),
  };
}

/** A waiting request as the scripts keep it. */
export function waitingRequestOf(text: string): WaitingRequest {
  const { data, ...rest } = JSON.parse(text) as { terminal: string; request: string; pool: string; data: string };

  return { ...rest, ...(JSON.parse(data) as LeaseData) };
}
