import { success } from '../pipeline/answer.ts';
import type { Answer, RequestContext, Route } from '../pipeline/context.ts';

export const pingRoute: Route = {
  name: 'ping',
  method: 'GET',
  path: '/api/v1/ping',
  access: 'authenticated',
  handle: ping,
};

/** Checks the credential and returns its user, without asking Odoo. */
function ping({ principal }: RequestContext): Answer {
  return success({
    message: 'pong',
    user: { id: principal.userId, name: principal.userName, login: principal.login },
    time: new Date().toISOString(),
  });
}
