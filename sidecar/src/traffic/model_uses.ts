// Records the parts of each model that each credential uses (`gateway.used`). Only requests that succeeded count, so all names
// exist, and callers cannot fill the table with invented names.

import type { Database } from '../db/database.ts';
import type { Used } from '../db/used.ts';
import { recordUsed } from '../db/used.ts';
import type { Log } from '../log.ts';
import type { RequestContext, TypeAt, Use, UsesOf } from '../pipeline/context.ts';
import { Coalesced } from './coalesced.ts';

interface Keyed {
  readonly key: string;
  readonly use: Use;
}

export class ModelUses {
  readonly #uses: Coalesced<Used>;
  readonly #typesOf: (database: Database) => TypeAt;
  /** The keys of shared uses, for the consumer that had them last. */
  readonly #shared = new WeakMap<UsesOf, { readonly consumer: string; readonly keyed: readonly Keyed[] }>();

  /** @param typesOf the types of fields that are known without asking Odoo */
  constructor(log: Log, typesOf: (database: Database) => TypeAt) {
    this.#typesOf = typesOf;
    this.#uses = new Coalesced({
      log,
      what: 'uses of models',
      flushEveryMs: 5_000,
      mostRows: 20_000,
      write: recordUsed,
      add: (use, older) => {
        use.requests += older.requests;
      },
    });
  }

  /** The pipeline calls this at the end of each request. */
  readonly record = ({ known: { database, principal }, uses, countedAs, status }: RequestContext): void => {
    if (uses.length === 0 || database === undefined || principal === undefined || (countedAs.status ?? status) >= 400) return;
    const { consumer } = principal;
    const seen = new Set<string>();
    for (const usesOf of uses) {
      for (const { key, use } of this.#keyed(database, consumer, usesOf)) {
        if (uses.length > 1 && seen.has(key)) continue;
        if (uses.length > 1) seen.add(key);
        const row = this.#uses.at(database, key, () => ({ consumer, ...use, requests: 0 }));
        if (row !== undefined) row.requests += 1;
      }
    }
  };

  /** The uses with their keys, each use once. */
  #keyed(database: Database, consumer: string, usesOf: UsesOf): readonly Keyed[] {
    const shared = this.#shared.get(usesOf);
    if (shared?.consumer === consumer) return shared.keyed;
    const typesAt = this.#typesOf(database);
    let isSure = true;
    const typeAt: TypeAt = (model, path) => {
      const type = typesAt(model, path);
      isSure &&= type !== undefined;
      return type;
    };
    const found = new Map<string, Keyed>();
    for (const { model, action, name } of usesOf(typeAt)) {
      const key = `${consumer} ${model} ${action} ${name}`;
      if (!found.has(key)) found.set(key, { key, use: { model, action, name } });
    }
    const keyed = [...found.values()];
    if (usesOf.isShared === true && isSure) this.#shared.set(usesOf, { consumer, keyed });
    return keyed;
  }

  stop(): Promise<void> {
    return this.#uses.stop();
  }
}
