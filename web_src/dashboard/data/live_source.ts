// The sidecar's WebSocket (sidecar/src/routes/websocket.ts). While it is down, the figures are polled, and the socket is tried
// again with growing pauses. When the socket is back, the sidecar sends the missed messages, or the figures are read again.

import { browser } from '@web/core/browser/browser';
import { rpc } from '@web/core/network/rpc';
import type { Passed, Source, SourceEvents, Traffic } from './source';

interface Ticket {
  ticket: string;
  database: string;
  urls: string[];
}

interface Message {
  id: number;
  message:
    | { type: 'gateway.hello'; payload: { stream: string; last: number; replayed: boolean } }
    | { type: 'gateway.traffic'; payload: Traffic & { channel: string; at: number; passed?: Passed[] } }
    | { type: 'gateway.heartbeat'; payload: { at: number; per_second: Record<string, number> } };
}

const firstPauseMs = 1_000;
const longestPauseMs = 30_000;
const fallbackEveryMs = 10_000;
/** A socket that has been silent for this long is dead, even if the browser has not noticed. */
const silenceMs = 6_000;

export function liveSource(events: SourceEvents): Source {
  let socket: WebSocket | undefined;
  let consumer: string | null = null;
  let stream: string | undefined;
  let last = 0;
  let failures = 0;
  let stopped = false;
  let retry: number | undefined;
  let fallback: number | undefined;
  let silence: number | undefined;

  const channel = () => (consumer === null ? 'traffic' : `traffic/${consumer}`);
  const say = (data: object) => socket?.send(JSON.stringify({ event: 'subscribe', data }));

  async function connect(): Promise<void> {
    try {
      const { urls, ...ticket } = await rpc<Ticket>('/api_gateway/live_ticket', {}, { silent: true });
      // A ticket is valid once, so the next attempt gets a new one and uses the next address.
      const url = urls[failures % urls.length];
      if (url === undefined || stopped) throw new Error('no sidecar');
      open(`${url.replace(/^http/, 'ws')}/api/live`, ticket);
    } catch {
      away();
    }
  }

  function open(url: string, ticket: object): void {
    const opened = new WebSocket(url);
    socket = opened;
    opened.onopen = () => say({ ...ticket, channels: [channel()], ...(stream === undefined ? {} : { stream, last }) });
    opened.onmessage = ({ data }: MessageEvent<string>) => {
      browser.clearTimeout(silence);
      silence = browser.setTimeout(() => opened.close(), silenceMs);
      for (const message of JSON.parse(data) as Message[]) receive(message);
    };
    opened.onclose = () => {
      if (socket === opened) away();
    };
  }

  function receive({ id, message }: Message): void {
    switch (message.type) {
      case 'gateway.hello': {
        const isReturn = stream !== undefined;
        if (!message.payload.replayed) last = message.payload.last;
        stream = message.payload.stream;
        failures = 0;
        browser.clearInterval(fallback);
        fallback = undefined;
        events.onConnection('live');
        if (isReturn) events.onStale();
        break;
      }
      case 'gateway.traffic': {
        last = id;
        const { channel: from, at: _, passed = [], ...traffic } = message.payload;
        if (from !== channel()) break;
        events.onTraffic(traffic);
        events.onPassed(passed);
        break;
      }
      case 'gateway.heartbeat':
        last = Math.max(last, id);
        events.onHeartbeat(message.payload.per_second[channel()] ?? 0);
    }
  }

  function away(): void {
    browser.clearTimeout(silence);
    socket = undefined;
    if (stopped) return;
    events.onConnection('fallback');
    fallback ??= browser.setInterval(() => {
      if (!document.hidden) events.onStale();
    }, fallbackEveryMs);
    const pauseMs = Math.min(firstPauseMs * 2 ** failures, longestPauseMs) * (0.75 + Math.random() / 2);
    failures += 1;
    browser.clearTimeout(retry);
    retry = browser.setTimeout(() => void connect(), pauseMs);
  }

  /** Ends the pause when the network is back or the page is visible again. */
  function hurry(): void {
    if (stopped || socket !== undefined || document.hidden || retry === undefined) return;
    browser.clearTimeout(retry);
    retry = browser.setTimeout(() => void connect(), 0);
  }

  return {
    start() {
      events.onConnection('connecting');
      window.addEventListener('online', hurry);
      document.addEventListener('visibilitychange', hurry);
      void connect();
    },
    stop() {
      stopped = true;
      window.removeEventListener('online', hurry);
      document.removeEventListener('visibilitychange', hurry);
      browser.clearTimeout(retry);
      browser.clearTimeout(silence);
      browser.clearInterval(fallback);
      socket?.close();
    },
    select(wanted) {
      if (wanted === consumer) return;
      consumer = wanted;
      if (socket?.readyState === WebSocket.OPEN) say({ channels: [channel()] });
    },
  };
}
