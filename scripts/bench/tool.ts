import { UsageError } from './options';

/**
 * Runs a tool and ends the process as tools do: its code, 2 for options that make no sense, 1 for whatever else goes wrong, 130 for a
 * signal.
 * @param close ends what the tool opened, however it ends; children that end with the process need none.
 */
export function runTool(main: () => Promise<number>, close?: () => Promise<unknown>): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void Promise.resolve(close?.()).then(() => process.exit(130)));
  }
  main()
    .then((code) => {
      process.exitCode = code;
    })
    .catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = error instanceof UsageError ? 2 : 1;
    })
    .finally(() => close?.());
}
