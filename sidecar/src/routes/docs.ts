// GET /api/docs: the documentation page (sidecar/docs_page), rendered by Scalar from the gateway's own files. Nothing is loaded
// from other origins; the policy below forbids it.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayError } from '../errors.ts';
import type { Answer, RequestContext, Route } from '../pipeline/context.ts';
import { readQuery } from '../pipeline/query.ts';

interface Asset {
  readonly bytes: Buffer;
  readonly compressed: Buffer | undefined;
  readonly type: string;
}

const files = {
  'scalar.js': 'text/javascript; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
} as const;

/** Files may be cached forever, because the name of each contains its hash. */
const forever = 'public, max-age=31536000, immutable';

/** @param directory the page's files, from `npm run build`. Throws if they are missing */
export function docsRoutes(directory: string): Route[] {
  const assets = new Map<string, Asset>();
  let page = readFileSync(join(directory, 'index.html'), 'utf8');
  for (const [name, type] of Object.entries(files)) {
    const bytes = readFileSync(join(directory, name));
    const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 12);
    const named = name.replace('.', `.${hash}.`);
    assets.set(named, {
      bytes,
      type,
      compressed: name === 'scalar.js' ? readFileSync(join(directory, `${name}.br`)) : undefined,
    });
    page = page.replaceAll(`{{${name}}}`, named);
  }

  function show({ request }: RequestContext): Answer {
    readQuery(request.url, ['models'], { lists: ['models'] });
    // The page refers to its files and the document by relative URLs, so that a proxy may serve all of it below a path prefix.
    if (request.path.endsWith('/'))
      return { status: 308, body: undefined, location: `/api/docs${request.url.replace(/^[^?]*/, '')}` };
    return {
      status: 200,
      body: page,
      type: 'text/html; charset=utf-8',
      headers: ['Content-Security-Policy', contentPolicy, 'Referrer-Policy', 'no-referrer', 'X-Frame-Options', 'DENY'],
    };
  }

  function file({ request }: RequestContext): Answer {
    const asset = assets.get(String(request.params['file']));
    if (asset === undefined) throw new GatewayError('route.unknown');
    const { bytes, compressed, type } = asset;
    const answer = { status: 200, type, cache: forever };
    return compressed !== undefined && request.acceptsEncodings('br') === 'br'
      ? { ...answer, body: compressed, encoding: 'br' }
      : { ...answer, body: bytes, headers: ['Vary', 'Accept-Encoding'] };
  }

  return [
    { name: 'docs', method: 'GET', path: '/api/docs', access: 'anonymous', handle: show },
    { name: 'docs file', method: 'GET', path: '/api/docs/:file', access: 'anonymous', handle: file },
  ];
}

/** This allows inline styles, because Scalar adds its own style sheets to the page. */
const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
