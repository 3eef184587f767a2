import type { Core } from './core';

/**
 * The connections that something lives on: a registration, a dialog, or a request under way. They must not be closed for
 * being idle.
 */
export function flowsInUse({ contactFlows, dialogs, incoming, outgoing }: Core): Set<string> {
  const ids = new Set(contactFlows.flowIds());
  for (const { flow } of dialogs) if (flow) ids.add(flow.id);
  for (const { transaction } of incoming.values()) ids.add(transaction.flow.id);
  for (const { transaction } of outgoing.values()) if (transaction?.flow) ids.add(transaction.flow.id);

  return ids;
}
