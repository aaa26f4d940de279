// GET /api/v1/usage: the models, fields, methods and choices that credentials have used.

import { readViewer } from '../db/live.ts';
import type { UsedRow } from '../db/used.ts';
import { readUsed } from '../db/used.ts';
import { GatewayError } from '../errors.ts';
import { success } from '../pipeline/answer.ts';
import type { Answer, RequestContext, Route } from '../pipeline/context.ts';
import { readQuery } from '../pipeline/query.ts';

const mostRows = 20_000;
/** The most days that can be requested. Older rows are deleted. */
const mostDays = 90;

export const usageRoute: Route = {
  name: 'usage',
  method: 'GET',
  path: '/api/v1/usage',
  access: 'authenticated',
  handle: usage,
};

/** The caller's own usage; for a manager whose credential is not narrowed, the usage of all credentials. */
async function usage({ asked, database, principal }: RequestContext): Promise<Answer> {
  const { days: text = '30', credential } = readQuery(asked.url, ['days', 'credential']);
  const days = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > mostDays) {
    throw new GatewayError('query.days', {
      message: `days must be a whole number from 1 to ${mostDays}.`,
      details: { parameter: 'days' },
    });
  }
  const { grant, userId, consumer } = principal;
  const isWide = grant.scopes === null && grant.models === null;
  const seesAll = isWide && (await readViewer(database, userId))?.manager === true;
  if (!seesAll && (credential ?? consumer) !== consumer) {
    throw new GatewayError('odoo.access', {
      message:
        'Only a manager may see what other credentials use, and only with a credential that is not limited to scopes or models.',
      details: { parameter: 'credential' },
    });
  }
  const wanted = credential ?? (seesAll ? null : consumer);
  const rows = await readUsed(database, wanted, days, mostRows + 1);
  const isCut = rows.length > mostRows;
  return success(byCredential(rows.slice(0, mostRows)), { days, ...(isCut ? { cut: true } : {}) });
}

function byCredential(rows: readonly UsedRow[]) {
  return [...Map.groupBy(rows, ({ consumer }) => consumer)].map(([credential, used]) => ({
    credential,
    name: used[0]?.credential ?? '',
    used: used.map(({ model, action, name, requests, last_day }) => ({ model, action, name, requests, last_day })),
  }));
}
