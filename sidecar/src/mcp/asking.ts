// The arguments that most tools share, and how a tool calls the executor and collections: like a request to the API.

import { z } from 'zod';
import type { RequestContext } from '../pipeline/context.ts';
import type { Outcome } from '../records/collection.ts';

const line = z.string().max(1_000);
export const modelName = z.string().max(128);
export const id = z.int().min(1);
export const fieldNames = z.array(line).max(200);

/** Company, language and time zone; by default the user's own. */
export const settingOfCall = {
  company: z.int().min(1).optional(),
  language: z.string().max(40).optional(),
  timezone: z.string().max(64).optional(),
};
type SettingOfCall = z.infer<z.ZodObject<typeof settingOfCall>>;

/** The properties at the end of an incomplete answer. */
export const pageOfAnswer = {
  next_cursor: z.string().optional(),
  hint: z.string().optional(),
};

/**
 * Replaces the path and query in the context. @param once the idempotency key of a write, made for these arguments
 */
export function ask(
  context: RequestContext,
  path: string,
  query: Readonly<Record<string, string | number | undefined>>,
  { company, language, timezone }: SettingOfCall,
  once?: string,
): void {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  const headers = {
    ...(company === undefined ? {} : { 'x-odoo-company': String(company) }),
    ...(language === undefined ? {} : { 'x-odoo-language': language }),
    ...(timezone === undefined ? {} : { 'x-odoo-timezone': timezone }),
    ...(once === undefined ? {} : { 'idempotency-key': once }),
  };
  context.asked = { url: `${path}?${parameters.toString()}`, headers, brief: true, body: null };
}

const byOffset = /^offset:(\d{1,9})$/;

/** Converts our cursor to parameters of a list. */
export function placeOf(cursor: string | undefined): { cursor?: string; offset?: string } {
  const [, offset] = byOffset.exec(cursor ?? '') ?? [];
  if (offset !== undefined) return { offset };
  return cursor === undefined ? {} : { cursor };
}

/** Where a list continues: after a cursor, or at an offset if its order does not support cursors. */
export function cursorBehind({ meta, next }: Outcome): string | undefined {
  const cursor = meta?.['next'];
  if (typeof cursor === 'string') return cursor;
  const offset = next === undefined ? null : new URLSearchParams(next.slice(next.indexOf('?'))).get('offset');
  return offset === null ? undefined : `offset:${offset}`;
}
