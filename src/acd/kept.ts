/** How long the store keeps a ticket that has ended, what happened to one, and who served a customer, in ms. */
export const kept = { ended: 60_000, history: 3_600_000, regulars: 90 * 86_400_000 } as const;
