// Files of records, part by part: memory stays the same however large a file is, and no worker of Odoo waits for a slow client.
// Odoo decides again for each part whether the caller may read it.

import { create as contentDisposition } from 'content-disposition';
import { GatewayError } from '../errors.ts';
import type { Odoo } from '../executor/execute.ts';
import type { ContentOperation, FilePart } from '../executor/operations.ts';
import { requestedId, requestedModel } from '../executor/target.ts';
import { chargeMore } from '../limits/limits.ts';
import type { Answer, RequestContext } from '../pipeline/context.ts';
import { readQuery, wholeNumber } from '../pipeline/query.ts';
import { isKnown } from '../records/versions.ts';

const mebibyte = 1024 * 1024;
const partBytes = 2 * mebibyte;
/** For the limits, each of so many bytes is one operation. */
const bytesOfOperation = 16 * mebibyte;
const largestSide = 4_096;
/** Browsers may show these. All other types are for saving: a page or a drawing may hold scripts. */
const shown = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/bmp', 'image/avif']);
const mediaType = /^[\w!#$&^.+-]{1,64}\/[\w!#$&^.+-]{1,64}(?:;\s*[\w.-]+=[\w.-]+)?$/;
const fieldName = /^[a-z_]\w{0,127}$/i;

/** The place of a range: from the beginning, or so many bytes before the end. */
interface Range {
  readonly from?: number;
  readonly to?: number;
  readonly last?: number;
}

/** `GET /api/v1/<model>/<id>/<field>/content`. Throws `file.range`, `query.size` and what Odoo throws. */
export async function contentOf(odoo: Odoo, context: RequestContext): Promise<Answer> {
  const operation = askedOf(context);
  const { range: header, 'if-range': ifRange } = context.request.headers;
  let range = rangeOf(header);
  let first = await odoo.content(context, { ...operation, ...beginningOf(range) });
  const etag = `"${first.etag}"`;
  if (ifRange !== undefined && ifRange !== etag) range = undefined;
  const { from, to } = within(range, first.size);
  if (from !== beginningOf(range).from || (range === undefined && header !== undefined)) {
    first = await odoo.content(context, { ...operation, from, bytes: partBytes });
  }
  const headers = ['ETag', etag, 'Accept-Ranges', 'bytes', ...safely(first)];
  if (isKnown(context, first.etag)) return { status: 304, body: undefined, headers };
  await chargeMore(context, Math.ceil((to - from) / bytesOfOperation) - 1);
  if (range !== undefined) headers.push('Content-Range', `bytes ${from}-${to - 1}/${first.size}`);
  return {
    status: range === undefined ? 200 : 206,
    body: undefined,
    type: typeOf(first),
    pieces: partsOf(odoo, context, operation, first, from, to),
    length: to - from,
    cache: 'private, no-cache',
    headers,
  };
}

function askedOf(context: RequestContext): ContentOperation {
  const { size } = readQuery(context.asked.url, ['size']);
  const side = size === undefined ? undefined : wholeNumber(size);
  if (size !== undefined && (side === undefined || side < 1 || side > largestSide)) {
    const message = `size must be the pixels of a side of an image, a whole number from 1 to ${largestSide}.`;
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

/** Throws `odoo.field`. */
export function requestedField({ request }: RequestContext): string {
  const field = String(request.params['field']);
  if (fieldName.test(field)) return field;
  throw new GatewayError('odoo.field', { message: `There is no field "${field.slice(0, 128)}".` });
}

/** Undefined for several ranges or another unit: the whole file is then as good (RFC 9110, section 14.2). */
function rangeOf(header: string | undefined): Range | undefined {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (from === '') return to === '' ? undefined : { last: Number(to) };
  if (to === '') return { from: Number(from) };
  return Number(to) < Number(from) ? undefined : { from: Number(from), to: Number(to) };
}

/** What is asked for first. The end of a file is only known with its size. */
function beginningOf(range: Range | undefined): { from: number; bytes: number } {
  if (range?.last !== undefined) return { from: 0, bytes: 0 };
  const from = range?.from ?? 0;
  return { from: Math.min(from, 2 ** 31 - 1), bytes: Math.min(partBytes, (range?.to ?? Number.POSITIVE_INFINITY) - from + 1) };
}

/** From the first byte to the one after the last. Throws `file.range`. */
function within(range: Range | undefined, size: number): { from: number; to: number } {
  if (range === undefined) return { from: 0, to: size };
  const from = range.last === undefined ? (range.from ?? 0) : Math.max(0, size - range.last);
  if (from >= size || range.last === 0) {
    throw new GatewayError('file.range', { headers: ['Content-Range', `bytes */${size}`], details: { size } });
  }
  return { from, to: Math.min(size, (range.to ?? size) + 1) };
}

async function* partsOf(
  odoo: Odoo,
  context: RequestContext,
  operation: ContentOperation,
  first: FilePart,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array> {
  const { spentMs } = context;
  let { part } = first;
  for (let at = from; ; ) {
    if (part.length === 0) throw new GatewayError('odoo.changed', { message: 'The file has changed meanwhile.' });
    const rest = part.subarray(0, to - at);
    at += rest.length;
    yield rest;
    if (at >= to) return;
    await context.authenticateAgain();
    // Each part has the time of a request.
    context.idleMs += Math.max(0, context.spentMs - spentMs);
    const next = await odoo.content(context, { ...operation, from: at, bytes: Math.min(partBytes, to - at) });
    part = next.etag === first.etag ? next.part : Buffer.alloc(0);
  }
}

function typeOf({ type }: FilePart): string {
  return mediaType.test(type) ? type : 'application/octet-stream';
}

/** Headers that let no browser run anything in the file. */
export function safely(file: Pick<FilePart, 'name' | 'type'>): string[] {
  const type = shown.has(file.type) ? 'inline' : 'attachment';
  return [
    'Content-Disposition',
    contentDisposition(file.name.slice(0, 255), { type }),
    'Content-Security-Policy',
    "default-src 'none'; sandbox",
  ];
}
