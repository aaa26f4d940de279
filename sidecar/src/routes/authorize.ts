// OAuth for people, up to the consent page in Odoo: the authorization endpoint, registration of apps, and metadata of resources
// (RFC 9728). `controllers/consent.py` and `oauth_grants.ts` do the rest.

import { resourcePaths } from '../credentials/resource.ts';
import { actions } from '../credentials/scopes.ts';
import { readOdooUrl } from '../db/oauth.ts';
import { asGatewayError, GatewayError, oauthCode } from '../errors.ts';
import { findApp, registerItself, requireRegistration } from '../oauth/apps.ts';
import type { Parameter } from '../oauth/authorization_request.ts';
import { isState, parseAgreement, redirectTo, required, signAgreement } from '../oauth/authorization_request.ts';
import { metadataShape } from '../oauth/metadata_document.ts';
import { isRegistered } from '../oauth/redirect_uri.ts';
import type { Answer, RequestContext, Route } from '../pipeline/context.ts';
import type { OriginOf } from '../pipeline/origin.ts';
import { originHeaders } from '../pipeline/origin.ts';

export function authorizeRoutes(originOf: OriginOf): Route[] {
  const anonymous = { access: 'anonymous', errors: 'oauth' } as const;
  return [
    {
      ...anonymous,
      name: 'authorize',
      method: 'GET',
      path: '/api/oauth/authorize',
      isAlwaysLogged: true,
      handle: (context) => authorize(context, originOf(context)),
    },
    {
      ...anonymous,
      name: 'register app',
      method: 'POST',
      path: '/api/oauth/register',
      limitedAs: 'token',
      smallBody: 'json',
      isAlwaysLogged: true,
      handle: register,
    },
    ...['', ...resourcePaths].map(
      (path): Route => ({
        ...anonymous,
        name: 'resource metadata',
        method: 'GET',
        path: `/.well-known/oauth-protected-resource${path}`,
        isAlwaysLogged: true,
        handle: (context) => resourceMetadata(originOf(context), path),
      }),
    ),
  ];
}

/**
 * Redirects the browser to Odoo. Faults of the app or its redirect URI are shown to the user here, because users must not be
 * redirected to an unregistered address. All other faults are reported to the app.
 */
async function authorize(context: RequestContext, issuer: string): Promise<Answer> {
  const { database } = context;
  const parameter = parametersOf(context.request.url);
  const app = await findApp(database, required(parameter, 'client_id'));
  const redirectUri = required(parameter, 'redirect_uri');
  if (!isRegistered(redirectUri, app.redirectUris)) throw new GatewayError('oauth.redirect');
  try {
    const agreement = parseAgreement(parameter, app, redirectUri, issuer);
    const odoo = await readOdooUrl(database);
    if (odoo === null) throw new GatewayError('odoo.unavailable');
    const request = await signAgreement(database, agreement);
    const redirect = `/api_gateway/consent?${new URLSearchParams({ request })}`;
    return seeOther(`${odoo.replace(/\/+$/, '')}/web/login?${new URLSearchParams({ db: database.name, redirect })}`);
  } catch (thrown) {
    const error = asGatewayError(thrown);
    context.error = error;
    const state = parameter('state');
    return seeOther(
      redirectTo(redirectUri, {
        error: oauthCode(error),
        error_description: error.message.replace(/[^\x20-\x7e]|["\\]/g, ''),
        state: state !== undefined && isState(state) ? state : undefined,
        iss: issuer,
      }),
    );
  }
}

function seeOther(location: string): Answer {
  return { status: 303, body: undefined, headers: ['Location', location, 'Referrer-Policy', 'no-referrer'] };
}

/** The parameters of the query. Unknown ones are ignored (RFC 6749, section 3.1). */
function parametersOf(url: string): Parameter {
  const query = new URL(url, 'http://localhost').searchParams;
  return (name) => {
    const values = query.getAll(name);
    if (values.length > 1) throw new GatewayError('oauth.request', { message: `The parameter ${name} is given twice.` });
    return values[0] === '' ? undefined : values[0];
  };
}

/** RFC 7591. Apps get no secret, even if they ask for one. */
async function register(context: RequestContext): Promise<Answer> {
  requireRegistration(context.database);
  const given = metadataShape.extend({ client_name: metadataShape.shape.client_name.default('App') }).safeParse(context.body);
  if (!given.success) {
    const [issue] = given.error.issues;
    const message = `${issue?.path.join('.') || 'The body'}: ${issue?.message ?? 'is not acceptable'}`;
    throw new GatewayError('oauth.metadata', { message });
  }
  const { client_name: name, redirect_uris: redirectUris } = given.data;
  const clientId = await registerItself(context.database, { name, redirectUris }, context.address);
  return {
    status: 201,
    body: {
      client_id: clientId,
      client_id_issued_at: Math.floor(Date.now() / 1_000),
      client_name: name,
      redirect_uris: redirectUris,
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    },
  };
}

function resourceMetadata(origin: string, path: string): Answer {
  return {
    status: 200,
    headers: ['Vary', originHeaders],
    body: {
      resource: `${origin}${path}`,
      authorization_servers: [origin],
      scopes_supported: actions,
      bearer_methods_supported: ['header'],
      resource_name: 'Odoo',
      resource_documentation: `${origin}/api/docs`,
    },
  };
}
