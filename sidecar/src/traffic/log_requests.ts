import { GatewayError, isServerFault } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Recorder, RequestContext } from '../pipeline/context.ts';
import { redactorOf } from './redactor_of.ts';

const longestText = 65_536;

/**
 * Logs faults of the server with all details, refused credentials with the reason that the caller does not see, and everything
 * else at the level debug. No headers, query or body are logged: they contain secrets and people's data.
 */
export function logRequests(log: Log): Recorder {
  return (context) => {
    const { error } = context;
    if (error === undefined && !log.isLevelEnabled('debug')) return;
    const { database, principal } = context.known;
    const line = {
      request: context.requestId,
      endpoint: context.endpoint.name,
      method: context.request.method,
      status: context.status,
      ms: Math.round(context.spentMs),
      address: context.address,
      database: database?.name,
      user: principal?.userId,
      reason: error instanceof GatewayError ? error.reason : undefined,
    };
    if (!(error instanceof GatewayError)) log.debug(line, 'answered');
    else if (error.status === 503 || error.status === 504) log.warn(line, 'turned away');
    else if (isServerFault(error)) log.error({ ...line, err: withoutSecrets(context, error.cause ?? error) }, 'request failed');
    else if (error.status === 401) log.info({ ...line, why: messageOf(error.cause) }, 'credential refused');
    else log.debug(line, 'refused');
  };
}

/** An error may repeat the value that caused it, which may be a password. */
function withoutSecrets(context: RequestContext, thrown: unknown): Record<string, string> {
  const redactor = redactorOf(context, true);
  if (!(thrown instanceof Error)) return { message: redactor.text(String(thrown)) };
  const { name, message, stack = '' } = thrown;
  const ofOdoo = 'traceback' in thrown && typeof thrown.traceback === 'string' ? { traceback: thrown.traceback } : {};
  const texts = Object.entries({ type: name, message, stack, ...ofOdoo });
  return Object.fromEntries(texts.map(([key, text]) => [key, redactor.tail(text, longestText)]));
}

function messageOf(cause: unknown): string | undefined {
  return cause instanceof Error ? cause.message : undefined;
}
