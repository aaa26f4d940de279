// Where news comes from: the sidecar's WebSocket, a clock, or nowhere. The store knows only this interface.

import { browser } from '@web/core/browser/browser';

/** What was answered since the last word of it. */
export interface Traffic {
  requests: number;
  class_2: number;
  class_3: number;
  class_4: number;
  class_5: number;
}

/** `fallback`: the socket is away, the figures are polled until it is back. */
export type Connection = 'connecting' | 'live' | 'fallback' | 'polling' | 'manual';

export interface SourceEvents {
  onConnection(connection: Connection): void;
  onTraffic(traffic: Traffic): void;
  /** Once a second while the socket is there. */
  onHeartbeat(perSecond: number): void;
  /** The figures have to be read again. */
  onStale(): void;
}

export interface Source {
  start(): void;
  stop(): void;
  /** Whose traffic is wanted; null: all that the user may see. */
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
