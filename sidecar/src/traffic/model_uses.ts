// What each credential uses of which model (`gateway.used`), by requests that succeeded. So all names exist, and callers cannot fill
// the table with invented ones.

import type { Database } from '../db/database.ts';
import type { Used } from '../db/used.ts';
import { recordUsed } from '../db/used.ts';
import type { Log } from '../log.ts';
import type { RequestContext, TypeAt } from '../pipeline/context.ts';
import { Coalesced } from './coalesced.ts';

export class ModelUses {
  readonly #uses: Coalesced<Used>;
  readonly #typesOf: (database: Database) => TypeAt;

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

  /** A recorder of the pipeline. */
  readonly record = ({ known: { database, principal }, uses, countedAs, status }: RequestContext): void => {
    if (uses.length === 0 || database === undefined || principal === undefined || (countedAs.status ?? status) >= 400) return;
    const { consumer } = principal;
    const typeAt = this.#typesOf(database);
    const seen = new Set<Used>();
    for (const usesOf of uses) {
      for (const { model, action, name } of usesOf(typeAt)) {
        const use = this.#uses.at(database, `${consumer} ${model} ${action} ${name}`, () => ({
          consumer,
          model,
          action,
          name,
          requests: 0,
        }));
        if (use === undefined || seen.has(use)) continue;
        seen.add(use);
        use.requests += 1;
      }
    }
  };

  stop(): Promise<void> {
    return this.#uses.stop();
  }
}
