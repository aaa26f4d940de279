// A cache of the secrets of one purpose. They are read once, and again when they change, or when something is signed with a
// secret that this sidecar does not know yet.

import type { Database } from './database.ts';
import type { Purpose, Secret } from './secrets.ts';
import { readSecrets } from './secrets.ts';

/** If an unknown secret was used, the secrets are read again, but at most this often. */
const reloadEveryMs = 1_000;

export class LivingSecrets {
  readonly #database: Database;
  readonly #purpose: Purpose;
  #secrets: Promise<readonly Secret[]> | undefined;
  #loadedAt = Number.NEGATIVE_INFINITY;

  constructor(database: Database, purpose: Purpose) {
    this.#database = database;
    this.#purpose = purpose;
    database.onChange('secret', () => {
      this.#secrets = undefined;
    });
  }

  /** The valid secrets, beginning with the one for signing. */
  async all(): Promise<readonly Secret[]> {
    const now = Date.now();
    return (await this.#load()).filter(({ expiresAt }) => expiresAt === null || expiresAt.getTime() > now);
  }

  /** Reads all secrets again; undefined if that was done a moment ago. */
  reloaded(): Promise<readonly Secret[]> | undefined {
    if (performance.now() - this.#loadedAt <= reloadEveryMs) return undefined;
    this.#secrets = undefined;
    return this.all();
  }

  async newest(): Promise<Secret> {
    const [secret] = await this.all();
    if (secret === undefined) throw new Error(`the database returned no secret for the purpose ${this.#purpose}`);
    return secret;
  }

  #load(): Promise<readonly Secret[]> {
    if (this.#secrets === undefined) {
      this.#loadedAt = performance.now();
      const loading = readSecrets(this.#database, this.#purpose);
      this.#secrets = loading;
      loading.catch(() => {
        if (this.#secrets === loading) this.#secrets = undefined;
      });
    }
    return this.#secrets;
  }
}
