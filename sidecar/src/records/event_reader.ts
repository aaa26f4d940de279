// Reads records for webhooks in Odoo, as the webhook's owner, in the API's format.

import { randomUUID } from 'node:crypto';
import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import type { Webhook } from '../db/webhooks.ts';
import type { OdooChannel } from '../executor/channel.ts';
import { asAnswer } from '../executor/execute.ts';
import type { FieldTree, ModelTypes, Operation } from '../executor/operations.ts';
import { asRecords, asTypes } from '../executor/operations.ts';
import { shapeRows } from './shape.ts';

class TypeCache {
  readonly known = new Map<string, ModelTypes>();

  constructor(database: Database) {
    database.onSignal('registry', () => this.known.clear());
  }
}

export class EventReader {
  readonly #channel: OdooChannel;
  readonly #timeoutMs: number;
  readonly #typesOf = perDatabase((database) => new TypeCache(database));

  constructor(channel: OdooChannel, timeoutMs: number) {
    this.#channel = channel;
    this.#timeoutMs = timeoutMs;
  }

  /** The records by id, without deleted or hidden ones. Rejects with the reasons of the channel and of the executor. */
  async read(database: Database, webhook: Webhook, ids: readonly number[]): Promise<ReadonlyMap<number, unknown>> {
    const { known } = this.#typesOf(database);
    const { model } = webhook;
    const operations: Operation[] = [{ op: 'read', model, ids, fields: treeOf(webhook.fields) }];
    const types = known.get(model);
    if (types === undefined) operations.push({ op: 'types', models: [model] });
    const call = {
      request_id: randomUUID(),
      uid: webhook.userId,
      address: '127.0.0.1',
      context: webhook.lang === null ? { tz: 'UTC' } : { tz: 'UTC', lang: webhook.lang },
      grant: { scopes: null, models: null },
      operations,
    };
    const deadline = Date.now() + this.#timeoutMs;
    const request = { path: '/gateway/read', database, call, deadline, isWanted: () => true } as const;
    const { result } = await this.#channel.deliver({ ...request, consumer: `gateway:webhook:${webhook.id}` });
    if (!result.ok && result.error.reason === 'answer.too_large' && ids.length > 1) {
      const half = Math.ceil(ids.length / 2);
      const first = await this.read(database, webhook, ids.slice(0, half));
      return new Map([...first, ...(await this.read(database, webhook, ids.slice(half)))]);
    }
    if (!result.ok) throw asAnswer(result.error);
    const { records } = asRecords(result.results[0]);
    const found = types ?? asTypes(result.results[1])[model] ?? {};
    known.set(model, found);
    shapeRows(records, model, undefined, () => found);
    return new Map(records.map((record) => [Number(record['id']), record]));
  }
}

function treeOf(fields: readonly string[]): FieldTree | undefined {
  return fields.length === 0 ? undefined : Object.fromEntries(fields.map((name) => [name, {}]));
}
