// Stops in named phases, each with a time limit; main.ts lists them. A second signal ends the process at once.

import type { Log } from './log.ts';

export interface Phase {
  readonly name: string;
  readonly limitMs: number;
  run(): void | Promise<unknown>;
}

/** Runs the phases in order. A phase that fails or takes too long is logged and does not stop the next. */
export async function stop(phases: readonly Phase[], log: Log): Promise<void> {
  for (const phase of phases) {
    const startedAt = performance.now();
    try {
      await within(phase.limitMs, Promise.resolve(phase.run()));
      log.info({ phase: phase.name, ms: Math.round(performance.now() - startedAt) }, 'stop: phase done');
    } catch (error) {
      log.error({ phase: phase.name, err: error }, 'stop: phase failed');
    }
  }
}

/** The first SIGTERM or SIGINT stops the phases in order and exits with 0; a second one exits at once. */
export function stopOnSignals(phases: readonly Phase[], log: Log): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) {
      log.warn({ signal }, 'second signal: exiting at once');
      process.exit(1);
    }
    stopping = true;
    log.info({ signal }, 'stopping');
    void stop(phases, log).then(() => process.exit(0));
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** Waits for `work`, and rejects if it is not done in time. The work itself continues. */
async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
