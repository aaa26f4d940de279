// GET /metrics, for Prometheus. Callers need the configured token, or a configured address.

import { createHash, timingSafeEqual } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import type { Range } from '../ip.ts';
import { inRange, parseAddress } from '../ip.ts';
import type { Route } from '../pipeline/context.ts';
import type { Metrics } from '../traffic/metrics.ts';

export interface MetricsAccess {
  readonly token: string | undefined;
  readonly from: readonly Range[];
}

/** Callers that may not read metrics do not even learn that they exist. */
export function metricsRoute(metrics: Metrics, { token, from }: MetricsAccess): Route {
  return {
    name: 'metrics',
    method: 'GET',
    path: '/metrics',
    access: 'internal',
    async handle({ request, address }) {
      const client = parseAddress(address);
      const isNear = client !== undefined && from.some((range) => inRange(client, range));
      if (!isNear && !(token !== undefined && presents(request.headers.authorization, token))) {
        throw new GatewayError('route.unknown');
      }
      return { status: 200, body: await metrics.text(), type: metrics.mediaType };
    },
  };
}

function presents(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
