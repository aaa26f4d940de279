// Files of records, part by part: memory stays the same however large a file is, and no worker of Odoo waits for a slow client.
// Odoo decides again for each part whether the caller may read it.

import { create as contentDisposition } from 'content-disposition';
import { GatewayError } from '../errors.ts';
import type { Odoo } from '../executor/execute.ts';
import type { ContentOperation, FilePart } from '../executor/operations.ts';
import { requestedId, requestedModel } from '../executor/target.ts';
import { chargeFile } from '../limits/limits.ts';
import { freeAround } from '../memory.ts';
import type { Answer, RequestContext } from '../pipeline/context.ts';
import { readQuery, wholeNumber } from '../pipeline/query.ts';
import { isKnown } from '../records/versions.ts';
import { Running } from '../running.ts';

const partBytes = 2 * 1024 * 1024;
/** How many files with several parts may be read at once on this sidecar. */
const most = { ofOneUser: 8, ofAll: 64 };
const running = new Running();
/** The executor counts bytes in 32 bits. */
const largestFile = 2 ** 31 - 1;
const mostNameCharacters = 255;
const largestSide = 4_096;
/** Browsers may show files of these types. They must save all other files: a page or a drawing may contain scripts. */
const shown = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/bmp', 'image/avif']);
const mediaType = /^[\w!#$&^.+-]{1,64}\/[\w!#$&^.+-]{1,64}(?:;\s*[\w.-]+=[\w.-]+)?$/;
const fieldName = /^[a-z_]\w{0,127}$/i;

/** A range of bytes: either `from` a position, optionally up to `to`, or the `last` bytes of the file. */
interface Range {
  readonly from?: number;
  readonly to?: number;
  readonly last?: number;
}

/** `GET /api/v1/<model>/<id>/<field>/content`. Throws `file.range`, `file.busy`, `query.size` and what Odoo throws. */
export async function contentOf(odoo: Odoo, context: RequestContext): Promise<Answer> {
  const operation = askedOf(context);
  const { method, headers: asked } = context.request;
  const isHead = method === 'HEAD';
  const range = isHead ? undefined : rangeOf(asked.range);
  const facts = await factsOf(odoo, context, operation, range, isHead);
  const etag = `"${facts.etag}"`;
  const headers = ['ETag', etag, 'Accept-Ranges', 'bytes', ...safely(facts)];
  if (isKnown(context, facts.etag)) return { status: 304, body: undefined, headers };
  const wanted = asked['if-range'] === undefined || asked['if-range'] === etag ? range : undefined;
  const { from, to } = within(wanted, facts.size);
  const first = isHead || holds(facts, from, to) ? facts : await part(odoo, context, operation, facts, from, to);
  if (!isHead) await chargeFile(context, to - from);
  if (wanted !== undefined) headers.push('Content-Range', `bytes ${from}-${to - 1}/${facts.size}`);
  return {
    status: wanted === undefined ? 200 : 206,
    body: undefined,
    type: typeOf(first),
    pieces: isHead ? nothing() : partsOf(odoo, context, operation, first, from, to),
    length: to - from,
    cache: 'private, no-cache',
    headers,
  };
}

/** A part of a file, with its position in the file. */
interface Placed extends FilePart {
  readonly from: number;
}

/**
 * The facts about the file, with as much of its content as the caller probably wants; without content if the caller may already
 * have it.
 */
async function factsOf(
  odoo: Odoo,
  context: RequestContext,
  operation: ContentOperation,
  range: Range | undefined,
  isHead: boolean,
): Promise<Placed> {
  const mayBeKnown = context.request.headers['if-none-match'] !== undefined;
  // Odoo makes a smaller image all at once. The sidecar then sends it from memory, so that Odoo makes it only once.
  if (operation.side !== undefined) {
    if (mayBeKnown) {
      const known = await odoo.content(context, { ...operation, bytes: 0 });
      if (isKnown(context, known.etag)) return { ...known, from: 0 };
    }
    return { ...(await odoo.content(context, { ...operation, bytes: largestFile })), from: 0 };
  }
  const from = range?.from ?? 0;
  const isUnneeded = isHead || mayBeKnown || range?.last !== undefined;
  const bytes = isUnneeded ? 0 : Math.min(partBytes, (range?.to ?? largestFile) - from + 1);
  const facts = await odoo.content(context, { ...operation, from, bytes });
  if (facts.size > largestFile) throw new GatewayError('answer.too_large', { message: 'The file is larger than 2 GiB.' });
  return { ...facts, from };
}

/** Whether a part contains the beginning of this range. */
function holds(part: Placed, from: number, to: number): boolean {
  return part.part.length > 0 && part.from <= from && from < part.from + part.part.length && to > from;
}

/** Reads a part. Throws `odoo.changed` if the file is no longer the one that the facts describe. */
async function part(
  odoo: Odoo,
  context: RequestContext,
  operation: ContentOperation,
  { etag }: FilePart,
  from: number,
  to: number,
): Promise<Placed> {
  const next = await odoo.content(context, { ...operation, from, bytes: Math.min(partBytes, to - from) });
  if (next.etag !== etag || next.part.length === 0) {
    throw new GatewayError('odoo.changed', { message: 'The file changed while it was being read. Read it again.' });
  }
  return { ...next, from };
}

function askedOf(context: RequestContext): ContentOperation {
  const { size } = readQuery(context.asked.url, ['size']);
  const side = size === undefined ? undefined : wholeNumber(size);
  if (size !== undefined && (side === undefined || side < 1 || side > largestSide)) {
    const message = `size must be the maximum number of pixels per side, a whole number from 1 to ${largestSide}.`;
    throw new GatewayError('query.size', { message, details: { size } });
  }
  return {
    op: 'content',
    model: requestedModel(context),
    id: requestedId(context),
    field: requestedField(context),
    side,
    from: 0,
    bytes: partBytes,
  };
}

/** The field in the path. Throws `odoo.field`. */
export function requestedField({ request }: RequestContext): string {
  const field = String(request.params['field']);
  if (fieldName.test(field)) return field;
  throw new GatewayError('odoo.field', { message: `There is no field "${field.slice(0, 128)}".` });
}

/**
 * The range in a header; undefined for several ranges or another unit: the whole file is then a valid answer (RFC 9110, section
 * 14.2). Throws `file.range` for a range that begins after the end of any file.
 */
function rangeOf(header: string | undefined): Range | undefined {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (from === '') return to === '' ? undefined : { last: Number(to) };
  if (to !== '' && Number(to) < Number(from)) return undefined;
  if (Number(from) > largestFile) throw new GatewayError('file.range');
  return to === '' ? { from: Number(from) } : { from: Number(from), to: Number(to) };
}

/** The positions of the first byte and of the byte after the last one. Throws `file.range`. */
function within(range: Range | undefined, size: number): { from: number; to: number } {
  if (range === undefined) return { from: 0, to: size };
  const from = range.last === undefined ? (range.from ?? 0) : Math.max(0, size - range.last);
  if (from >= size || range.last === 0) {
    throw new GatewayError('file.range', { headers: ['Content-Range', `bytes */${size}`], details: { size } });
  }
  return { from, to: Math.min(size, (range.to ?? size) + 1) };
}

/** The file in parts. Throws `file.busy` at once if the caller reads too many large files. */
function partsOf(
  odoo: Odoo,
  context: RequestContext,
  operation: ContentOperation,
  first: Placed,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array> {
  if (first.from + first.part.length < to) {
    const end = running.begin(context.holder, most.ofOneUser, most.ofAll);
    if (end === undefined) throw new GatewayError('file.busy', { message: 'Too many large files are being read at the moment.' });
    context.whenOver(end);
  }
  return eachPart(odoo, context, operation, first, from, to);
}

async function* eachPart(
  odoo: Odoo,
  context: RequestContext,
  operation: ContentOperation,
  first: Placed,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array> {
  const { spentMs } = context;
  let next = first;
  for (let at = from; ; ) {
    const rest = next.part.subarray(at - next.from, to - next.from);
    at += rest.length;
    yield rest;
    freeAround(rest);
    if (at >= to) return;
    await context.authenticateAgain();
    // Each part may take as long as a request.
    context.idleMs += Math.max(0, context.spentMs - spentMs);
    next = await part(odoo, context, operation, first, at, to);
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function typeOf({ type }: FilePart): string {
  return mediaType.test(type) ? type : 'application/octet-stream';
}

/** Headers that keep browsers from running anything in the file. */
export function safely(file: Pick<FilePart, 'name' | 'type'>): string[] {
  const type = shown.has(file.type) ? 'inline' : 'attachment';
  return [
    'Content-Disposition',
    contentDisposition(file.name.slice(0, mostNameCharacters).toWellFormed(), { type }),
    'Content-Security-Policy',
    "default-src 'none'; sandbox",
  ];
}
