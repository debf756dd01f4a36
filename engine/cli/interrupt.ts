import { EXIT_INTERRUPTED } from "./exit-codes.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs `cleanUp` when the command is told to stop, then ends it. Returns how to leave that again. */
export function onInterrupt(cleanUp: () => unknown): () => void {
  const interrupt = () => {
    void Promise.resolve(cleanUp()).finally(() => process.exit(EXIT_INTERRUPTED));
  };
  for (const signal of SIGNALS) process.once(signal, interrupt);
  return () => {
    for (const signal of SIGNALS) process.removeListener(signal, interrupt);
  };
}
