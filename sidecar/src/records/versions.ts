// ETags of single records, and the preconditions that use them (RFC 9110, section 13).

import { hash as digest } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import type { FieldTree, IfMatch } from '../executor/operations.ts';
import type { RequestContext } from '../pipeline/context.ts';

const digits = 32;
const mostTags = 20;
const tagFormat = /^(?:W\/)?"([\x21\x23-\x7e]{0,128})"$/;

/** The version of a raw record: a digest, which `executor/preconditions.py` computes in the same way. */
export function versionOf(record: Readonly<Record<string, unknown>>): string {
  return digest('sha256', canonical(record), 'hex').slice(0, digits);
}

/** Whether the caller already has this version. Throws `request.header`. */
export function isKnown({ asked }: RequestContext, version: string): boolean {
  const header = asked.headers['if-none-match'];
  if (header === undefined) return false;
  return header.trim() === '*' || tagsIn('If-None-Match', header).includes(version);
}

/**
 * The versions of the record with which a write may happen, and the fields by which they were computed; undefined if any version
 * is accepted. Throws `request.header`. @param fields the fields of the read
 */
export function ifMatch({ asked }: RequestContext, fields: FieldTree | undefined): IfMatch | undefined {
  const header = asked.headers['if-match'];
  if (header === undefined || header.trim() === '*') return undefined;
  const versions = tagsIn('If-Match', header);
  return { versions, fields, brief: asked.brief };
}

/**
 * Refuses preconditions for writes that cannot check them. If one were ignored, the write could overwrite changes that the caller
 * has not seen. Throws `request.header`. @param takesIfMatch only `If-None-Match` is refused
 */
export function refusePreconditions({ asked }: RequestContext, takesIfMatch: boolean): void {
  const refused = takesIfMatch ? ['If-None-Match'] : ['If-Match', 'If-None-Match'];
  const header = refused.find((name) => asked.headers[name.toLowerCase()] !== undefined);
  if (header === undefined) return;
  const message = 'This request cannot check a precondition. Send If-Match when you change or delete one record by its id.';
  throw new GatewayError('request.header', { message, details: { header } });
}

function tagsIn(name: string, header: string): string[] {
  const tags = header.split(',').map((part) => tagFormat.exec(part.trim())?.[1]);
  if (tags.length > mostTags || tags.includes(undefined)) {
    const message = `${name} must be an ETag from an answer, in double quotes, or several, separated by commas.`;
    throw new GatewayError('request.header', { message, details: { header: name } });
  }
  return tags as string[];
}

const bits = new DataView(new ArrayBuffer(8));

function canonical(value: unknown): string {
  if (value === null || value === undefined) return 'n';
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    bits.setFloat64(0, value + 0);
    return `#${bits.getBigUint64(0).toString(16).padStart(16, '0')}`;
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join('')}]`;
  const row = value as Record<string, unknown>;
  let text = '{';
  for (const key of Object.keys(row).sort()) text += canonical(key) + canonical(row[key]);
  return `${text}}`;
}
