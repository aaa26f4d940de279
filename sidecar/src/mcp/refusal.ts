// Refusals for a language model to read: the cause, and what to do about it.

import type { GatewayError, Reason } from '../errors.ts';
import { catalogue } from '../errors.ts';
import { shrunk } from './budget.ts';
import type { Json } from './tool.ts';

const remedies: Partial<Record<Reason, string>> = {
  'agent.arguments': 'Correct the argument and call again.',
  'agent.confirmation': 'Call again without confirm, and show the user the answer.',
  'agent.writes': 'Tell the user. A manager can allow it in the profile of this credential.',
  'odoo.access':
    'The Odoo user has no such right, or a record rule hides the records. Only an Odoo administrator can change that.',
  'odoo.exposure': 'No credential gives access to this. Do not try again.',
  'odoo.field': 'describe_model lists the fields.',
  'odoo.missing': 'search_records finds existing records.',
  'odoo.model': 'find_models lists the models.',
  'query.cursor': 'Leave cursor out to start from the first page.',
  'scope.insufficient': 'The credential has limited scopes. The person who created it can add the scope.',
  'answer.too_large': 'Ask for fewer records or fields.',
};

/** The longest message. Odoo's messages may name every record. */
const mostBytes = 4_000;

/** The text of an error. Faults of the server reveal no details. */
export function explained({ reason, message, details }: GatewayError, requestId: string): Json {
  const retry = 'retryAfter' in catalogue[reason] ? 'Try again in a moment.' : undefined;
  const said = shrunk({ error: message, reason, details }, mostBytes);
  return { ...said, what_to_do: remedies[reason] ?? retry, request_id: requestId };
}
