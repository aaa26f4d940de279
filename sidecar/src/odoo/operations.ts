// What Odoo's end of the channel is asked to do, and what it gives (the table in docs/architecture.md).

import { GatewayError } from '../errors.ts';
import type { Domain } from './domain.ts';
import type { FieldTree } from './fields.ts';
import type { ModelTypes } from './shape.ts';

export interface SearchOperation {
  readonly op: 'search';
  readonly model: string;
  readonly domain: Domain;
  readonly fields?: FieldTree | undefined;
  readonly limit: number;
  readonly offset: number;
  readonly order?: string | undefined;
}

export interface ReadOperation {
  readonly op: 'read';
  readonly model: string;
  readonly ids: readonly number[];
  readonly fields?: FieldTree | undefined;
}

export interface TypesOperation {
  readonly op: 'types';
  readonly models: readonly string[];
}

export type Operation = SearchOperation | ReadOperation | TypesOperation;

/** What `search` and `read` give, raw. */
export interface Records {
  readonly records: Record<string, unknown>[];
  /** Fields that the user may not read. */
  readonly omitted: readonly string[];
}

/** The results come from a signed exchange with our own addon: their outer form is checked, no more. */
export function asRecords(result: unknown): Records {
  if (isObject(result) && Array.isArray(result['records']) && Array.isArray(result['omitted'])) {
    return result as unknown as Records;
  }
  throw unexpected('records');
}

export function asTypes(result: unknown): Readonly<Record<string, ModelTypes>> {
  if (isObject(result)) return result as Record<string, ModelTypes>;
  throw unexpected('types');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function unexpected(what: string): GatewayError {
  return new GatewayError('odoo.channel', {
    cause: new Error(`Odoo's answer holds no ${what}: do both halves have the same version?`),
  });
}
