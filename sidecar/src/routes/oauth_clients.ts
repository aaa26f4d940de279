// Administration of OAuth2 clients, for gateway managers, with the field names of RFC 7591. Odoo decides who may do what.

import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import type { ClientOperation } from '../executor/operations.ts';
import type { Answer, RequestContext, Route } from '../pipeline/context.ts';
import { readQuery } from '../pipeline/query.ts';
import { parseDateTime } from '../records/values.ts';

export type Administer = (context: RequestContext, operation: ClientOperation) => Promise<unknown>;

export function oauthClientRoutes(administer: Administer): Route[] {
  const route = { access: 'authenticated', errors: 'oauth' } as const;
  const path = '/api/oauth/clients';
  return [
    {
      ...route,
      name: 'oauth clients',
      method: 'GET',
      path,
      handle: async (context) => ({ status: 200, body: { clients: await administer(context, { op: 'client_list' }) } }),
    },
    { ...route, name: 'oauth client create', method: 'POST', path, handle: (context) => create(context, administer) },
    {
      ...route,
      name: 'oauth client revoke',
      method: 'DELETE',
      path,
      handle: (context) => revoke(context, readQuery(context.request.url, ['client_id']).client_id, administer),
    },
    {
      ...route,
      name: 'oauth client revoke',
      method: 'DELETE',
      path: `${path}/:client`,
      handle: (context) => revoke(context, context.request.params['client'], administer),
    },
  ];
}

const newClient = z.strictObject({
  client_name: z.string().min(1).max(200),
  scope: z.string().max(4_000).optional(),
  user_id: z.int().positive().optional(),
  login: z.string().max(1_000).optional(),
  ip_list: z.string().max(100_000).optional(),
  profile_id: z.int().positive().optional(),
  expires_at: z.string().max(30).optional(),
});

/**
 * Creates a client. This is the only answer that contains its secret. A token may expire before its key, so it must not create
 * a client, which would outlive the token.
 */
async function create(context: RequestContext, administer: Administer): Promise<Answer> {
  const values = newClient.safeParse(context.body);
  if (!values.success) {
    const [issue] = values.error.issues;
    throw new GatewayError('oauth.request', {
      message: `The client: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim(),
    });
  }
  const { ips, policy, credentialExpiresAtMs, isKeyItself, kind, credentialId } = context.principal;
  if (!isKeyItself) {
    throw new GatewayError('scope.insufficient', {
      message: 'Only a key itself can create a client, not a token or the old secret of a rotated key. Send the key.',
    });
  }
  const { expires_at: expires, ...rest } = values.data;
  const ends = expires === undefined ? {} : { expires_at: parseDateTime(expires, 'expires_at') };
  const maker = { kind, id: credentialId };
  const within = { ip_list: ips, profile_id: policy.profile_id, expires_at: credentialExpiresAtMs, maker };
  const client = await administer(context, { op: 'client_create', values: { ...rest, ...ends }, within });
  return { status: 201, body: client, headers: ['Pragma', 'no-cache'] };
}

async function revoke(context: RequestContext, clientId: unknown, administer: Administer): Promise<Answer> {
  if (typeof clientId !== 'string' || clientId === '') {
    throw new GatewayError('oauth.request', { message: 'Name the client: send its client_id.' });
  }
  return { status: 200, body: await administer(context, { op: 'client_revoke', client_id: clientId }) };
}
