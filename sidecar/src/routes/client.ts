// GET /api/client.tgz: the package of the typed client (client/), for `npm install`.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Route } from '../pipeline/context.ts';
import { readQuery } from '../pipeline/query.ts';

/** @param directory the folder with the package, from `npm run build`. Throws if the package is missing */
export function clientRoute(directory: string): Route {
  const body = readFileSync(join(directory, 'client.tgz'));
  const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return {
    name: 'client',
    method: 'GET',
    path: '/api/client.tgz',
    access: 'anonymous',
    async handle({ request }) {
      readQuery(request.url, []);
      const answer = { headers: ['ETag', tag], cache: 'public, no-cache' };
      if (request.headers['if-none-match']?.includes(tag) === true) return { ...answer, status: 304, body: undefined };
      return { ...answer, status: 200, body, type: 'application/gzip' };
    },
  };
}
