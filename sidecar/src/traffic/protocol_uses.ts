// Counts calls over Odoo's own protocols, by protocol, consumer, client, model and method.

import type { ProtocolUse } from '../db/traffic.ts';
import type { RequestContext } from '../pipeline/context.ts';
import type { Counted } from './figures.ts';

/**
 * The maximum number of counters between two flushes. Clients choose their own names, so above this number, calls are counted
 * without the client's name.
 */
const mostUses = 1_000;
const longestClient = 200;

export class ProtocolUses {
  #uses = new Map<string, ProtocolUse>();

  get isEmpty(): boolean {
    return this.#uses.size === 0;
  }

  /** Counts a call by an authenticated caller. All other calls appear only in the figures. */
  count(context: RequestContext, counted: Counted): void {
    const { protocol } = context.endpoint;
    const { principal } = context.known;
    if (protocol === undefined || principal === undefined) return;
    const { target } = context;
    const isNameless = counted.reason === 'odoo.model' || counted.reason === 'odoo.method';
    const isLogin = target === undefined && counted.status < 400;
    const useOf = (isFull: boolean) => ({
      source: 'gateway' as const,
      protocol,
      consumer: counted.consumer.consumer,
      user_id: principal.userId,
      client: isFull ? '*' : cleaned(context.request.headers['user-agent']),
      model: isFull || isNameless ? '' : (target?.model ?? ''),
      method: isLogin ? 'login' : isFull || isNameless ? '' : (target?.method ?? ''),
    });
    const named = useOf(false);
    const isFull = this.#uses.size >= mostUses && !this.#uses.has(JSON.stringify(named));
    const use = isFull ? useOf(true) : named;
    const key = JSON.stringify(use);
    const known = this.#uses.get(key) ?? { ...use, requests: 0, failed: 0 };
    known.requests += 1;
    if (counted.status >= 400) known.failed += 1;
    this.#uses.set(key, known);
  }

  take(): readonly ProtocolUse[] {
    const uses = [...this.#uses.values()];
    this.#uses = new Map();
    return uses;
  }
}

/** Postgres can store neither null characters nor lone surrogates. */
function cleaned(agent: string | undefined): string {
  return (agent ?? '').slice(0, longestClient).replaceAll('\0', '').toWellFormed();
}
