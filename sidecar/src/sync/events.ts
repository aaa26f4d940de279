// Sends changes as they happen, as server-sent events, with the same tokens as the long poll. A browser's EventSource reconnects
// by itself, and sends its position in `Last-Event-ID`.

import { perDatabase } from '../db/database.ts';
import { asGatewayError } from '../errors.ts';
import { jsonLine } from '../json.ts';
import { tooMany } from '../limits/concurrency.ts';
import { chargeMore } from '../limits/limits.ts';
import type { RequestContext } from '../pipeline/context.ts';
import { Running } from '../running.ts';
import type { Changes, ChangesRequest } from './changes.ts';
import { ChangesReader, parseChangesQuery } from './changes.ts';

/** How often something is sent, because proxies cut silent connections. */
const sayEveryMs = 15_000;
/** A stream ends after this time, and the client reconnects. */
const longestMs = 5 * 60_000;
const comeBackMs = 2_000;
const comeBackLaterMs = 60_000;
/** The most streams of one user on this sidecar: each checks for changes every few seconds. */
const mostStreams = 16;
const runningOf = perDatabase(() => new Running());

export function wantsEvents({ request }: RequestContext): boolean {
  const { accept } = request.headers;
  return (
    accept !== undefined &&
    /event-stream/i.test(accept) &&
    request.accepts('application/json', 'text/event-stream') !== 'application/json'
  );
}

/**
 * The parts of the stream. Errors of `changesOf`, and `throttle.concurrency`, are thrown before the first part; later, an error
 * becomes the event `reset` or ends the stream.
 */
export async function* eventsOf(request: ChangesRequest): AsyncGenerator<string> {
  const { database, holder } = request.context;
  const end = runningOf(database).begin(holder, mostStreams);
  if (end === undefined) throw tooMany('streams', mostStreams);
  try {
    yield* readEvents(request);
  } finally {
    end();
  }
}

async function* readEvents(request: ChangesRequest): AsyncGenerator<string> {
  const { context } = request;
  const { headers, url } = context.asked;
  const resumed = headers['last-event-id'];
  const { query, since } = parseChangesQuery(
    url,
    context.database.settings,
    typeof resumed === 'string' && resumed !== '' ? resumed : undefined,
  );
  const reader = await ChangesReader.begin(request, query, since);
  let idle = await reader.nothing();
  yield `retry: ${comeBackMs}\n${event(reader.isNew ? 'start' : 'changes', idle)}`;
  const startedAt = performance.now();
  const { spentMs } = context;
  while (!reader.isStopped && performance.now() - startedAt < longestMs) {
    // Each part may take as long as a request.
    context.idleMs += Math.max(0, context.spentMs - spentMs);
    try {
      const changes = await reader.next(sayEveryMs);
      if (changes.upserts.length + changes.removed.length > 0) await chargeMore(context, 1);
      yield event('changes', changes);
      idle = { ...idle, next: changes.next, sequence: changes.sequence };
    } catch (thrown) {
      const { reason, message, details } = asGatewayError(thrown);
      if (reason === 'sync.reset') yield `event: reset\ndata: ${jsonLine({ reason, message, details })}\n\n`;
      else if (reason === 'throttle.exceeded') yield `retry: ${comeBackLaterMs}\n${event('changes', { ...idle, more: true })}`;
      else throw thrown;
      return;
    }
  }
}

/**
 * The text of an event. Each event has an id and data: some clients, such as httpx-sse 0.4, pass an event without data to the
 * program, as data that is not JSON.
 */
function event(name: string, { next, ...changes }: Changes): string {
  return `id: ${next}\nevent: ${name}\ndata: ${jsonLine(changes)}\n\n`;
}
