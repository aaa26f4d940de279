import { setTimeout as delay } from 'node:timers/promises';

/**
 * Repeats the check until it is true; throws after `limitMs`. @returns the milliseconds that it took
 */
export async function until(what: string, holds: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    if (await holds()) return performance.now() - startedAt;
    if (performance.now() - startedAt > limitMs) throw new Error(`Not within ${limitMs} ms: ${what}.`);
    await delay(20);
  }
}
