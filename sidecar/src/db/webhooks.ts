// The outbox of webhooks: configuration, due jobs and results.

import type { Queryable } from './pool.ts';

export interface Webhook {
  readonly id: number;
  readonly name: string;
  readonly url: string;
  readonly model: string;
  /** The owner: events contain the values that this user may read. */
  readonly userId: number;
  readonly lang: string | null;
  /** The fields in events. An empty list means all stored fields that the owner may read. */
  readonly fields: readonly string[];
  /** How many requests one sidecar may have running at once. */
  readonly concurrency: number;
  /** The secrets that sign, newest first. */
  readonly secrets: readonly Buffer[];
  /** A value is null if it was stored in another database, of which this is a copy. */
  readonly headers: readonly { readonly name: string; readonly value: string | null }[];
}

export interface Job {
  readonly id: number;
  readonly eventId: string;
  readonly webhookId: number;
  readonly event: 'create' | 'write' | 'unlink' | 'test';
  readonly model: string;
  readonly resId: number;
  readonly changed: readonly string[];
  readonly previous: Readonly<Record<string, unknown>> | null;
  /** The values of a deleted record. The values of all other records are read at delivery. */
  readonly recordValues: Readonly<Record<string, unknown>> | null;
  readonly attempts: number;
  /** The body sent in earlier attempts. */
  readonly body: string | null;
  readonly createdAt: Date;
}

/** The result of a claimed job. `released`: returned without an attempt. */
export interface Result {
  readonly job: number;
  readonly outcome: 'delivered' | 'failed' | 'released';
  readonly ms?: number;
  readonly status?: number | null;
  readonly error?: string | null;
  /** The first KB of the answer. */
  readonly response?: string | null;
  readonly body?: string | null;
  /** The number of seconds until the next attempt. */
  readonly retry_after?: number | null;
  /** The receiver answered 410 (gone), so the webhook is paused. */
  readonly gone?: boolean;
}

const webhooks = {
  name: 'webhooks',
  text: `
    select id, name, url, model, user_id as "userId", lang, fields, concurrency, secrets, headers
    from gateway.webhooks()`,
};

const claim = {
  name: 'webhook_claim',
  text: `
    select
      id, event_id as "eventId", webhook_id as "webhookId", event, model, res_id as "resId", changed, previous,
      record_values as "recordValues", attempts, body, created_at as "createdAt"
    from gateway.webhook_claim($1, $2, $3, $4)`,
};

const renew = { name: 'webhook_renew', text: 'select gateway.webhook_renew($1, $2, $3)' };

const finish = { name: 'webhook_finish', text: 'select gateway.webhook_finish($1, $1, $2)' };

export function readWebhooks(db: Queryable): Promise<Webhook[]> {
  return db.query<Webhook>(webhooks, []);
}

/** Claims up to `room` due jobs of each webhook for `leaseSeconds`: the oldest of each record, in the order of their ids. */
export function claimJobs(
  db: Queryable,
  instance: string,
  room: ReadonlyMap<number, number>,
  leaseSeconds: number,
): Promise<Job[]> {
  return db.query<Job>(claim, [instance, [...room.keys()], [...room.values()], leaseSeconds]);
}

export async function renewJobs(db: Queryable, instance: string, jobs: readonly number[], leaseSeconds: number): Promise<void> {
  await db.query(renew, [instance, jobs, leaseSeconds]);
}

export async function finishJobs(db: Queryable, instance: string, results: readonly Result[]): Promise<void> {
  await db.query(finish, [instance, JSON.stringify(results)]);
}
