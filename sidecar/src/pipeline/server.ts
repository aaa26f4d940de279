// Builds the express app: one function runs the same policies in the same order for every route.

import type { Express, NextFunction, Request, RequestHandler, Response } from 'express';
import express from 'express';
import { readCredential } from '../credentials/presented.ts';
import { asGatewayError, GatewayError } from '../errors.ts';
import { sendAnswer, sendError } from './answer.ts';
import type { Endpoint, Method, Policy, Recorder, Route, Way } from './context.ts';
import { RequestContext } from './context.ts';
import type { OriginOf } from './origin.ts';
import { undecodable } from './percent_encoding.ts';
import type { Step } from './steps.ts';
import { steps, stepsOfBodyCredential } from './steps.ts';

export interface Pipeline {
  readonly policies: Readonly<Record<Step, Policy>>;
  readonly recorders: readonly Recorder[];
  readonly originOf: OriginOf;
  readonly isStopping: () => boolean;
}

export function createApp(routes: readonly Route[], pipeline: Pipeline): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.disable('query parser');
  app.enable('case sensitive routing');

  for (const [path, group] of bySpecificity(Map.groupBy(routes, (route) => route.path))) {
    const place = app.route(path);
    for (const route of group) place[verbs[route.method]](serve(route, pipeline));
    place.options(serve(preflight(group), pipeline));
    place.all(serve(methodNotAllowed(group), pipeline));
  }
  app.use(serve(nothingHere, pipeline));
  // Express itself refuses a path that is not valid percent-encoding, before any endpoint runs.
  app.use((thrown: unknown, request: Request, response: Response, _next: NextFunction) => {
    const message = `The path ${undecodable(request.url.replace(/\?.*/s, ''))}`;
    const error = thrown instanceof URIError ? new GatewayError('request.path', { message, cause: thrown }) : thrown;
    serve(refusing('malformed path', error), pipeline)(request, response, _next);
  });
  return app;
}

/**
 * Sorts paths. If two of them match a request, the one whose fixed word comes earlier wins: `/:model/by/:key` before
 * `/:model/:id/access`.
 */
function bySpecificity(groups: ReadonlyMap<string, readonly Route[]>): [path: string, group: readonly Route[]][] {
  const kindsOf = (path: string) =>
    path.replaceAll(/[^/]+/g, (part) => (part.includes('*') ? '2' : part.includes(':') ? '1' : '0'));
  return [...groups].sort(([a], [b]) => Number(kindsOf(a) > kindsOf(b)) - Number(kindsOf(a) < kindsOf(b)));
}

const verbs = { GET: 'get', POST: 'post', PUT: 'put', PATCH: 'patch', DELETE: 'delete' } as const satisfies Record<
  Method,
  string
>;

function serve(endpoint: Endpoint, { policies, recorders, originOf, isStopping }: Pipeline): RequestHandler {
  const inOrder = (endpoint.readBody === undefined ? steps : stepsOfBodyCredential).map((step) => policies[step]);
  const checksFor = (way: Way) => ({ way, checks: inOrder.filter(({ appliesTo }) => appliesTo.includes(way)) });
  const { access } = endpoint;
  const usual = checksFor(access === 'optional' ? 'authenticated' : access);
  const withoutCredential = access === 'optional' ? checksFor('anonymous') : usual;
  // If the credential is in the body, the caller becomes known during the steps, after the body is read.
  const withBody = inOrder.map(
    ({ appliesTo, check }): Policy => ({
      appliesTo,
      check(context) {
        const way = context.caller === undefined ? 'anonymous' : 'authenticated';
        return appliesTo.includes(way) ? check(context, way) : undefined;
      },
    }),
  );
  const ofPreflight = access === 'internal' ? usual : checksFor('preflight');

  function checksOf({ method, headers }: Request): { readonly way: Way; readonly checks: readonly Policy[] } {
    if (method === 'OPTIONS') return ofPreflight;
    if (endpoint.readBody !== undefined) return { way: 'anonymous', checks: withBody };
    return access === 'optional' && readCredential(headers) === undefined ? withoutCredential : usual;
  }

  /** A connection that stays open after its answer would delay the end of the process. */
  function closeWhenStopping({ headers }: RequestContext): void {
    if (isStopping()) headers.push('Connection', 'close');
  }

  async function run(context: RequestContext): Promise<void> {
    try {
      const { way, checks } = checksOf(context.request);
      for (const policy of checks) {
        const pending = policy.check(context, way);
        if (pending === undefined) continue;
        await pending;
        // A disconnected client gets no answer, and work that began now would not notice that it should stop.
        if (context.response.destroyed) throw new GatewayError('request.incomplete');
      }
      const handled = endpoint.handle(context);
      const answer = handled instanceof Promise ? await handled : handled;
      closeWhenStopping(context);
      const sent = sendAnswer(context, answer, originOf);
      if (sent !== undefined) await sent;
    } catch (thrown) {
      const error = asGatewayError(thrown);
      context.error = error;
      closeWhenStopping(context);
      await sendError(context, error, originOf);
    }
    for (const record of recorders) record(context);
  }

  return (request, response) => {
    const context = new RequestContext(request, response, endpoint);
    void run(context);
  };
}

const nothingHere: Endpoint = {
  name: 'nothing here',
  access: 'anonymous',
  handle({ request: { path } }) {
    if (!path.includes('//')) throw new GatewayError('route.unknown');
    const tidy = path.replaceAll(/\/{2,}/g, '/').slice(0, 200);
    throw new GatewayError('route.unknown', { message: `The path has two slashes in a row. Write ${tidy}` });
  },
};

/** Lists the methods of a path, also for a browser's preflight. `pipeline/cors.ts` decides which pages may call. */
function preflight(group: readonly Route[]): Endpoint {
  const allowed = methodsOf(group);
  return {
    name: 'options',
    access: group[0]?.access === 'internal' ? 'internal' : 'anonymous',
    handle({ request }) {
      const asked = request.headers['access-control-request-headers'];
      const forPages =
        request.headers.origin === undefined ? [] : ['Access-Control-Allow-Methods', allowed, 'Access-Control-Max-Age', '86400'];
      if (typeof asked === 'string' && /^[\w!#$%&'*+.^`|~, -]{1,1000}$/.test(asked)) {
        forPages.push('Access-Control-Allow-Headers', asked);
      }
      return { status: 204, body: undefined, headers: ['Allow', allowed, ...forPages] };
    },
  };
}

/**
 * Answers 405, after caller and body have been checked as for the existing methods, so that a fault there is reported first.
 */
function methodNotAllowed(group: readonly Route[]): Endpoint {
  const allowed = methodsOf(group);
  return {
    name: 'method not allowed',
    access: group[0]?.access ?? 'anonymous',
    handle({ request }) {
      throw new GatewayError('route.method', {
        message: `This path does not accept ${request.method}. It accepts ${allowed}.`,
        headers: ['Allow', allowed],
      });
    },
  };
}

function methodsOf(group: readonly Route[]): string {
  const methods = group.map((route) => route.method as string);
  if (methods.includes('GET')) methods.push('HEAD');
  return [...methods, 'OPTIONS'].join(', ');
}

function refusing(name: string, error: unknown): Endpoint {
  return {
    name,
    access: 'anonymous',
    handle() {
      throw error;
    },
  };
}
