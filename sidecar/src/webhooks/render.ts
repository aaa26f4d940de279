// Builds the bodies of one webhook's claimed jobs, with one read for all. A record that cannot be read fails only its own job.

import type { Job } from '../db/webhooks.ts';
import { GatewayError, isServerFault } from '../errors.ts';
import { renderEvent } from './deliver.ts';
import type { Ready } from './endpoint.ts';

export interface Rendered {
  readonly ready: readonly Ready[];
  readonly unread: readonly { readonly job: Job; readonly error: unknown }[];
}

/** For each record's id, the number of its newest change in the change feed. The values are read after these numbers. */
export type Numbers = ReadonlyMap<number, number>;
type Read = (ids: readonly number[]) => Promise<ReadonlyMap<number, unknown>>;

/**
 * Never rejects. `read`: returns the records by id, without deleted or hidden ones. If `read` rejects, smaller parts are read
 * to find the record that causes the error.
 */
export async function renderAll(jobs: readonly Job[], numbers: Numbers, read: Read): Promise<Rendered> {
  const wanted = jobs.filter((job) => job.body === null && job.event !== 'unlink');
  const ids = [...new Set(wanted.map((job) => job.resId))];
  try {
    const values = ids.length === 0 ? new Map<number, unknown>() : await read(ids);
    return together(jobs.map((job) => render(job, numbers, values)));
  } catch (error) {
    if (isPassing(error) || jobs.length === 1) return { ready: [], unread: jobs.map((job) => ({ job, error })) };
    const half = Math.ceil(jobs.length / 2);
    return together([await renderAll(jobs.slice(0, half), numbers, read), await renderAll(jobs.slice(half), numbers, read)]);
  }
}

/** Whether Odoo is merely unavailable: then the jobs wait, and no attempt is counted. All other errors are due to the webhook. */
export function isPassing(error: unknown): boolean {
  return error instanceof GatewayError && isServerFault(error) && error.reason !== 'odoo.error';
}

function render(job: Job, numbers: Numbers, found: ReadonlyMap<number, unknown>): Rendered {
  try {
    const values = job.event === 'unlink' ? job.recordValues : (found.get(job.resId) ?? null);
    const body = job.body ?? renderEvent(job, numbers.get(job.resId) ?? null, values);
    return { ready: [{ job, body }], unread: [] };
  } catch (error) {
    return { ready: [], unread: [{ job, error }] };
  }
}

function together(parts: readonly Rendered[]): Rendered {
  return { ready: parts.flatMap(({ ready }) => ready), unread: parts.flatMap(({ unread }) => unread) };
}
