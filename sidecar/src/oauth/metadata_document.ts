// Apps whose `client_id` is the URL of a document about them (draft-ietf-oauth-client-id-metadata-document). Anyone can make the
// gateway fetch such a URL. So the request passes the same address checks as webhooks, follows no redirects, and reads only a
// limited number of bytes.

import { LRUCache } from 'lru-cache';
import { Agent } from 'undici';
import { z } from 'zod';
import type { Database } from '../db/database.ts';
import { perDatabase } from '../db/database.ts';
import { GatewayError } from '../errors.ts';
import { guardedConnector, parseAllowed } from '../webhooks/egress.ts';
import { isRedirectUri } from './redirect_uri.ts';

const longestAddress = 500;
const mostBytes = 16_384;
const timeoutMs = 5_000;
const keptForMs = 15 * 60_000;
/** How long a failure is cached, so that not every request fetches a broken URL again. */
const failureKeptForMs = 30_000;
const mostKept = 500;
const mostAtATime = 4;

export interface AppMetadata {
  readonly name: string;
  readonly redirectUris: readonly string[];
}

export const metadataShape = z.object({
  client_name: z.string().trim().min(1).max(100),
  redirect_uris: z
    .array(z.string().refine(isRedirectUri, 'must be https, a port of 127.0.0.1, or an app’s own scheme'))
    .min(1)
    .max(20),
});

const documentShape = metadataShape.extend({
  client_id: z.string(),
  token_endpoint_auth_method: z.literal('none').default('none'),
});

/** Whether a `client_id` is such a URL: https, with a path, in normalized form. */
export function isDocumentAddress(clientId: string): boolean {
  if (clientId.length > longestAddress || !clientId.startsWith('https://') || !URL.canParse(clientId)) return false;
  const url = new URL(clientId);
  return url.href === clientId && url.pathname !== '/' && `${url.username}${url.password}${url.hash}` === '';
}

class Documents {
  readonly #database: Database;
  readonly #known = new LRUCache<string, AppMetadata | GatewayError>({ max: mostKept });
  readonly #inFlight = new Map<string, Promise<AppMetadata>>();

  constructor(database: Database) {
    this.#database = database;
    database.onChange('setting', () => this.#known.clear());
  }

  /** Reads a document. Rejects with `oauth.client`, which says what is wrong with the document. */
  read(address: string): Promise<AppMetadata> {
    const known = this.#known.get(address);
    if (known !== undefined) return known instanceof GatewayError ? Promise.reject(known) : Promise.resolve(known);
    const running = this.#inFlight.get(address);
    if (running !== undefined) return running;
    if (this.#inFlight.size >= mostAtATime) throw new GatewayError('throttle.overloaded');
    const reading = this.#fetch(address).finally(() => this.#inFlight.delete(address));
    this.#inFlight.set(address, reading);
    return reading;
  }

  async #fetch(address: string): Promise<AppMetadata> {
    const allowed = parseAllowed(this.#database.settings['webhook.egress_allow']);
    const agent = new Agent({ connect: guardedConnector(allowed, timeoutMs), connections: 1, maxHeaderSize: mostBytes });
    try {
      const found = appOf(await textAt(agent, address), address);
      this.#known.set(address, found, { ttl: keptForMs });
      return found;
    } catch (thrown) {
      this.#database.log.info({ err: thrown, app: address }, 'the metadata document of an app was not accepted');
      // The caller must not learn which internal addresses answer, or how.
      const message = thrown instanceof DocumentError ? thrown.message : 'could not be read';
      const error = new GatewayError('oauth.client', { message: `The document at the client_id ${message}.`, cause: thrown });
      this.#known.set(address, error, { ttl: failureKeptForMs });
      throw error;
    } finally {
      await agent.destroy();
    }
  }
}

class DocumentError extends Error {}

export const documentsOf = perDatabase((database) => new Documents(database));

async function textAt(agent: Agent, address: string): Promise<string> {
  const { origin, pathname, search } = new URL(address);
  const answer = await agent.request({
    origin,
    path: pathname + search,
    method: 'GET',
    headers: { accept: 'application/json', 'user-agent': 'odoo-api-gateway' },
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > mostBytes) throw new DocumentError('is longer than 16 KiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function appOf(text: string, address: string): AppMetadata {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new DocumentError('is not JSON');
  }
  const document = documentShape.safeParse(parsed);
  if (!document.success) {
    const [issue] = document.error.issues;
    throw new DocumentError(`has no acceptable ${issue?.path.join('.') ?? 'form'}`);
  }
  if (document.data.client_id !== address) throw new DocumentError('is about another client_id');
  return { name: document.data.client_name, redirectUris: document.data.redirect_uris };
}
