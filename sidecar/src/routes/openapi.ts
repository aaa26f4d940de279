// GET /api/openapi.json: the API as the caller may use it; without a credential, the parts that are the same for all.
// Documents are cached until their sources change: fields, rights, labels, settings, resources.

import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { missing } from '../credentials/authenticate.ts';
import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import { GatewayError } from '../errors.ts';
import { callContext } from '../executor/caller.ts';
import type { Odoo } from '../executor/execute.ts';
import { GenerationCache } from '../generation_cache.ts';
import { openApiDocument } from '../openapi/document.ts';
import { asOpenApi30 } from '../openapi/older.ts';
import type { Answer, RequestContext, Route } from '../pipeline/context.ts';
import type { OriginOf } from '../pipeline/origin.ts';
import { originHeaders } from '../pipeline/origin.ts';
import { readQuery } from '../pipeline/query.ts';
import { describeFor, describeForNobody, parseModels } from './openapi_description.ts';

interface Kept {
  /** The languages of its descriptions. */
  readonly languages: readonly string[];
  readonly text: string;
  readonly compressed: Buffer;
  readonly tag: string;
}

const mostKept = 500;
const mostKeptBytes = 64 * 1024 * 1024;
/** A document is renewed after this time, even if no signal has reported a change. */
const keptMs = 600_000;
const brotli = promisify(brotliCompress);

class Documents {
  readonly kept = new GenerationCache<Kept>({
    max: mostKept,
    maxSize: mostKeptBytes,
    sizeCalculation: ({ text, compressed }) => text.length + compressed.length,
    ttl: keptMs,
  });

  constructor(database: Database) {
    const forget = () => this.kept.clear();
    for (const signal of ['registry', 'default', 'stable', 'groups']) database.onSignal(signal, forget);
    for (const entity of ['setting', 'never_exposed', 'resource', 'user']) database.onChange(entity, forget);
  }
}

export interface OpenApiOptions {
  readonly odoo: Odoo;
  readonly originOf: OriginOf;
  readonly version: string;
}

export function openApiRoute({ odoo, originOf, version }: OpenApiOptions): Route {
  const documentsOf = perDatabase((database) => new Documents(database));

  async function make(context: RequestContext, asked: readonly string[] | undefined, wanted: OpenApiVersion): Promise<Kept> {
    const isKnown = context.known.principal !== undefined;
    const described = isKnown ? await describeFor(context, odoo, asked) : describeForNobody(context);
    const newest = openApiDocument({ version, origin: originOf(context) }, described);
    const text = JSON.stringify(wanted === '3.0' ? asOpenApi30(newest) : newest);
    const params = { [constants.BROTLI_PARAM_QUALITY]: 5 };
    return {
      languages: context.languages,
      text,
      compressed: await brotli(text, { params }),
      tag: `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`,
    };
  }

  async function handle(context: RequestContext): Promise<Answer> {
    const { request, database, known } = context;
    const query = readQuery(request.url, ['models', 'openapi'], { lists: ['models'] });
    const asked = parseModels(query.models);
    const version = parseVersion(query.openapi);
    if (asked !== undefined && known.principal === undefined) throw missing();
    const documents = documentsOf(database);
    const key = `${version} ${keyOf(context, originOf(context), asked)}`;
    let document = documents.kept.get(key);
    if (document === undefined) {
      const making = documents.kept.begin(key);
      document = await make(context, asked, version);
      making.keep(document);
    }
    const { text, compressed, tag } = document;
    context.languages = document.languages;
    const headers = [
      'ETag',
      tag,
      'Vary',
      `Accept-Encoding, Accept-Language, Content-Language, X-Odoo-Language, Authorization, X-API-Key, ${originHeaders}`,
    ];
    const answer = { headers, cache: 'private, no-cache' };
    if (request.headers['if-none-match']?.includes(tag) === true) return { ...answer, status: 304, body: undefined };
    const type = 'application/json; charset=utf-8';
    return request.acceptsEncodings('br') === 'br'
      ? { ...answer, status: 200, body: compressed, type, encoding: 'br' }
      : { ...answer, status: 200, body: text, type };
  }

  return { name: 'openapi', method: 'GET', path: '/api/openapi.json', access: 'optional', handle };
}

type OpenApiVersion = '3.0' | '3.1';

/** The requested version of OpenAPI. Throws `query.openapi`. */
function parseVersion(text = '3.1'): OpenApiVersion {
  if (text === '3.0' || text === '3.1') return text;
  throw new GatewayError('query.openapi', {
    message: `There is no OpenAPI "${text.slice(0, 128)}" here, only 3.0 and 3.1. For tools that need 2.0, convert the 3.0 document.`,
    details: { openapi: text.slice(0, 128) },
  });
}

/** Everything on which a document depends, in addition to the changes to which `Documents` listens. */
function keyOf({ known, request }: RequestContext, origin: string, asked: readonly string[] | undefined): string {
  const { principal } = known;
  if (principal === undefined) return JSON.stringify([origin]);
  const { lang, languages } = callContext(request.headers);
  return JSON.stringify([origin, principal.userId, principal.grant, lang, languages, asked]);
}
