import type { EslEvent } from './esl-event';

/**
 * How busy a server is, from 0 to 1, by its last heartbeat: the fuller of its sessions and of its processors. Between two heartbeats
 * our own endpoints tell more than the server's count.
 */
export function readLoad(heartbeat: EslEvent | undefined, ours: number): number {
  const number = (name: string): number | undefined => {
    const value = Number(heartbeat?.get(name));

    return Number.isFinite(value) ? value : undefined;
  };
  const most = number('Max-Sessions');
  const sessions = Math.max(ours, number('Session-Count') ?? 0);
  const idle = number('Idle-CPU');
  const full = most ? sessions / most : 0;
  const work = idle === undefined ? 0 : (100 - idle) / 100;

  return Math.min(1, Math.max(0, full, work));
}
