// POST /api/docs/login: exchanges a ticket that Odoo made for its user (controllers/web.py) for a token of that user, so that the
// documentation page, opened from Odoo, shows and tries the user's own API. The ticket is valid once, for 30 seconds.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { principalsOf } from '../credentials/principals.ts';
import { CredentialRefused } from '../credentials/refused.ts';
import { onlyStamp } from '../credentials/stamps.ts';
import { issueTokens } from '../credentials/tokens.ts';
import { takeTicket } from '../db/live.ts';
import { GatewayError } from '../errors.ts';
import { success } from '../pipeline/answer.ts';
import type { Route } from '../pipeline/context.ts';
import { checkingProof, requireAddress, tokenFields } from './auth.ts';

/** Distinguishes these tickets from those for live figures, which are for pages of an origin. */
const purpose = 'api_docs';

/** How long the token is valid: long enough to look around. After that, the page must be opened from Odoo again. */
const tokenS = 15 * 60;

const body = z.object({ ticket: z.string().min(1).max(200) });

export const docsLoginRoute: Route = {
  name: 'docs login',
  method: 'POST',
  path: '/api/docs/login',
  access: 'anonymous',
  limitedAs: 'token',
  smallBody: 'json',
  handle: (context) =>
    checkingProof(context, async (attempt) => {
      const parsed = body.safeParse(context.body);
      if (!parsed.success) throw new GatewayError('oauth.request', { message: 'The body must be an object with ticket.' });
      const { ticket } = parsed.data;
      const { database } = context;
      attempt.presents(['docs', ticket]);
      await database.ensureFresh();
      const viewer = await takeTicket(database, createHash('sha256').update(ticket).digest(), purpose);
      if (viewer === null) throw new CredentialRefused('a ticket that is unknown, used or expired');
      const standing = await principalsOf(database).fresh('login', viewer.user_id);
      const { principal } = standing;
      context.principal = principal;
      requireAddress(context, principal);
      const issued = await issueTokens(database, {
        proof: { standing, stamp: onlyStamp(standing) },
        scopes: null,
        address: context.address,
        client: principal.login,
        withRefresh: false,
        longestS: tokenS,
      });
      return success({ ...tokenFields(issued), user: { name: principal.userName, login: principal.login } });
    }),
};
