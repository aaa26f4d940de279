// The source of new figures: the sidecar's WebSocket, a timer, or nothing. The store uses a source only through the interface
// `Source`.

import { browser } from '@web/core/browser/browser';

/** A request that was answered just now. */
export interface Passed {
  at: number;
  consumer: string;
  method: string;
  path: string;
  status: number;
  ms: number;
}

/** The answers since the last message. */
export interface Traffic {
  requests: number;
  class_2: number;
  class_3: number;
  class_4: number;
  class_5: number;
}

/** `fallback`: the socket is down, and the figures are polled until it is back. */
export type Connection = 'connecting' | 'live' | 'fallback' | 'polling' | 'manual';

export interface SourceEvents {
  onConnection(connection: Connection): void;
  onTraffic(traffic: Traffic): void;
  /** Some of the answered requests, oldest first. Only a socket sends them. */
  onPassed(passed: Passed[]): void;
  /** Called once a second while the socket is open. */
  onHeartbeat(perSecond: number): void;
  /** Called when the figures must be read again. */
  onStale(): void;
}

export interface Source {
  start(): void;
  stop(): void;
  /** The consumers whose traffic is shown; null: all that the user may see. */
  select(consumer: string | null): void;
}

export function manualSource(events: SourceEvents): Source {
  return { start: () => events.onConnection('manual'), stop() {}, select() {} };
}

export function pollingSource(events: SourceEvents, everyMs: number): Source {
  let timer: number | undefined;
  const tick = () => {
    if (!document.hidden) events.onStale();
  };
  return {
    start() {
      events.onConnection('polling');
      timer = browser.setInterval(tick, everyMs);
      document.addEventListener('visibilitychange', tick);
    },
    stop() {
      browser.clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    },
    select() {},
  };
}
