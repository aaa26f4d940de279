// Decides whether a request passes, from the state of its subject's windows.

import type { PerWindow, Window } from '../db/throttle.ts';
import { windows } from '../db/throttle.ts';

export const windowMs: PerWindow = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

export interface Decision {
  readonly allowed: boolean;
  /** If the request passes: the window with the smallest remainder. If it is refused: the used-up window that ends last. */
  readonly window: Window;
  readonly limit: number;
  /** What is left of that window after this request. */
  readonly remaining: number;
  /** Milliseconds until that window starts again. */
  readonly resetMs: number;
}

/** At least one window must have a limit. */
export function decide(limits: PerWindow, left: PerWindow, resetMs: PerWindow, cost: number): Decision {
  let tightest: Window | undefined;
  let spent: Window | undefined;
  for (const window of windows) {
    if (limits[window] === 0) continue;
    if (left[window] < cost && (spent === undefined || resetMs[window] > resetMs[spent])) spent = window;
    if (tightest === undefined || left[window] <= left[tightest]) tightest = window;
  }
  const window = spent ?? tightest ?? 'minute';
  const remaining = Math.max(0, spent === undefined ? left[window] - cost : left[window]);
  return { allowed: spent === undefined, window, limit: limits[window], remaining, resetMs: resetMs[window] };
}

/** The smallest limit; 0 if there is none. */
export function smallestLimit({ minute, hour, day }: PerWindow): number {
  const smallest = Math.min(minute || Infinity, hour || Infinity, day || Infinity);
  return smallest === Infinity ? 0 : smallest;
}

export function sameLimits(a: PerWindow, b: PerWindow): boolean {
  return a === b || (a.minute === b.minute && a.hour === b.hour && a.day === b.day);
}
