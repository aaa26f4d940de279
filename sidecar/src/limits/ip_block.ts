// Refuses blocked addresses before any other check: those that exceeded limits or guessed credentials too often, and those that a
// manager blocked. All blocks are in memory; a change in Postgres arrives here within a second. Verified callers pass an
// automatic block, because they may share the address with an attacker. `failed_authentication.ts` limits what the checks of
// other callers cost. A manager's block applies to everyone.

import { LRUCache } from 'lru-cache';
import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import { countViolations, readIpBlocks } from '../db/ip_blocks.ts';
import type { Reason } from '../errors.ts';
import { GatewayError } from '../errors.ts';
import type { Address, Range } from '../ip.ts';
import { inRange, parseAddress, parseRange, subscriberNetwork } from '../ip.ts';
import type { Policy, Recorder, RequestContext, Way } from '../pipeline/context.ts';

/** The reasons that count against an address, whatever the credential. */
const violations: ReadonlySet<Reason> = new Set(['throttle.exceeded', 'throttle.failed', 'auth.invalid']);

const reportEveryMs = 500;
/**
 * The most networks with violations between two reports. Violations by further networks within that half second are not
 * counted.
 */
const mostReported = 10_000;
const retryMs = 1_000;
const mostRemembered = 20_000;

export interface IpBlocking {
  readonly policy: Policy;
  /** The check for connections that are not requests: throws or rejects if the address is blocked. */
  readonly admit: (database: Database, address: string) => undefined | Promise<void>;
  /** Counts violations after the answer, so that no request waits for it. */
  readonly recorder: Recorder;
}

/**
 * Loopback and the proxies are never blocked: if a proxy does not report the client's address, all its clients have the proxy's
 * address.
 */
export function ipBlocking(proxies: readonly Range[]): IpBlocking {
  const blocksOf = perDatabase((database) => new IpBlocks(database, proxies));
  /** @param onAutomatic called for an automatic block */
  function check(database: Database, address: string, onAutomatic: (error: GatewayError) => void): undefined | Promise<void> {
    const blocks = blocksOf(database);
    const judge = () => {
      const block = blocks.of(address);
      if (block === undefined) return;
      const error = refusal(block);
      if (!block.isAutomatic) throw error;
      onAutomatic(error);
    };
    if (!blocks.isLoaded) return blocks.loaded().then(judge);
    judge();
    return undefined;
  }
  return {
    admit: (database, address) => check(database, address, refuse),
    policy: {
      appliesTo: ['anonymous', 'authenticated'],
      check(context: RequestContext, way: Way): undefined | Promise<void> {
        // Token requests carry a key, a client secret or a token, so they pass until it is checked. A login is refused: it is a
        // guess like any other, and the most expensive one to check.
        const isVerified = way === 'authenticated' || context.endpoint.limitedAs === 'token';
        return check(context.database, context.address, (error) => {
          if (!isVerified) throw error;
          context.blocked = error;
        });
      },
    },
    recorder({ error, known, address, presented }: RequestContext): void {
      if (known.database === undefined || !(error instanceof GatewayError) || !violations.has(error.reason)) return;
      // A known caller has its own limit. Other callers at its address must not suffer if it exceeds that limit.
      if (error.reason === 'throttle.exceeded' && known.principal !== undefined) return;
      blocksOf(known.database).countViolation(address, presented);
    },
  };
}

function refuse(error: GatewayError): never {
  throw error;
}

function refusal({ until }: Block): GatewayError {
  return new GatewayError('address.blocked', until === Infinity ? {} : { retryAfterMs: until - performance.now() });
}

interface Block {
  readonly network: Range;
  /** The end of the block, on the monotonic clock; Infinity: it is permanent. */
  readonly until: number;
  readonly isAutomatic: boolean;
}

class IpBlocks {
  readonly #database: Database;
  readonly #proxies: readonly Range[];
  readonly #byId = new Map<number, Block>();
  /** Automatic blocks, by network: a look-up costs the same for thousands as for one. */
  readonly #single = new Map<string, Block>();
  /** Managers' blocks. There are only a few, and their networks may have any size. */
  #wide: Block[] = [];
  #loading: Promise<void> = Promise.resolve();
  isLoaded = false;
  #counts = new Map<string, number>();
  #reporting: NodeJS.Timeout | undefined;
  /** Credentials that have already been counted, because repeating the same one is not another guess. */
  readonly #counted = new LRUCache<string, true>({ max: mostRemembered });
  #never: { readonly text: string; readonly ranges: readonly Range[] } = { text: '', ranges: [] };

  constructor(database: Database, proxies: readonly Range[]) {
    this.#database = database;
    this.#proxies = proxies;
    database.onChange('ip_block', (ids) => this.#reload(ids));
    this.#reload(null);
  }

  /** Waits until the blocked addresses are loaded. No request passes before that. */
  async loaded(): Promise<void> {
    await this.#loading;
    if (!this.isLoaded) throw new GatewayError('database.unavailable');
  }

  /** A manager's block if there is one, otherwise an automatic one. */
  of(address: string): Block | undefined {
    if (this.#byId.size === 0) return undefined;
    const parsed = parseAddress(address);
    if (parsed === undefined) return undefined;
    const now = performance.now();
    const own = this.#single.get(subscriberNetwork(parsed));
    const [block = own] = this.#wide.filter(({ until, network }) => until > now && inRange(parsed, network));
    return block === undefined || block.until <= now || this.#isExcepted(parsed) ? undefined : block;
  }

  /** @param presented a name for the refused credential, if there was one */
  countViolation(address: string, presented: string | undefined): void {
    if (!this.#database.settings['ip_block.enabled']) return;
    if (presented !== undefined) {
      if (this.#counted.has(presented)) return;
      this.#counted.set(presented, true);
    }
    const parsed = parseAddress(address);
    if (parsed === undefined || this.#isExcepted(parsed)) return;
    const network = subscriberNetwork(parsed);
    if (this.#counts.size >= mostReported && !this.#counts.has(network)) return;
    this.#counts.set(network, (this.#counts.get(network) ?? 0) + 1);
    this.#reporting ??= setTimeout(() => void this.#report(), reportEveryMs).unref();
  }

  async #report(): Promise<void> {
    const counts = this.#counts;
    this.#counts = new Map();
    this.#reporting = undefined;
    try {
      await countViolations(this.#database, counts);
    } catch (error) {
      // Violations are dropped, because without Postgres a block could not be stored either.
      this.#database.log.warn({ err: error, networks: counts.size }, 'violations could not be counted');
    }
  }

  #isExcepted(address: Address): boolean {
    const text = this.#database.settings['ip_block.never'];
    if (text !== this.#never.text) {
      this.#never = { text, ranges: text.split(/[\s,]+/).flatMap((entry) => parseRange(entry) ?? []) };
    }
    return address.range() === 'loopback' || [...this.#never.ranges, ...this.#proxies].some((range) => inRange(address, range));
  }

  /** Reads run one after the other, because an older answer must not overwrite a newer one. */
  #reload(ids: readonly number[] | null): void {
    this.#loading = this.#loading
      .then(() => this.#load(ids))
      .catch((error: unknown) => {
        this.#database.log.warn({ err: error }, 'blocked addresses could not be read');
        setTimeout(() => this.#reload(null), retryMs).unref();
      });
  }

  async #load(ids: readonly number[] | null): Promise<void> {
    const rows = await readIpBlocks(this.#database, ids);
    const now = performance.now();
    for (const id of ids ?? [...this.#byId.keys()]) this.#byId.delete(id);
    for (const { id, network, secondsLeft, isAutomatic } of rows) {
      const range = parseRange(network);
      const until = now + (secondsLeft ?? Infinity) * 1_000;
      if (range !== undefined) this.#byId.set(id, { network: range, until, isAutomatic });
    }
    this.#single.clear();
    this.#wide = [];
    for (const [id, block] of this.#byId) {
      if (block.until <= now) this.#byId.delete(id);
      else if (isSingle(block.network)) this.#single.set(subscriberNetwork(block.network.network), block);
      else this.#wide.push(block);
    }
    this.isLoaded = true;
  }
}

function isSingle({ network, bits }: Range): boolean {
  return bits === (network.kind() === 'ipv4' ? 32 : 64);
}
