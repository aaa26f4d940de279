// Callers cannot influence how long the gateway searches a request for secrets, or how long it takes to find them again.

import type { Request, Response } from 'express';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../sidecar/src/errors.ts';
import type { Endpoint } from '../../sidecar/src/pipeline/context.ts';
import { RequestContext } from '../../sidecar/src/pipeline/context.ts';
import { Budget, costOf, mostLearned } from '../../sidecar/src/redact/budget.ts';
import { stars, tooLarge } from '../../sidecar/src/redact/names.ts';
import { Redactor } from '../../sidecar/src/redact/redactor.ts';
import { namedSecrets, withoutCredentials } from '../../sidecar/src/redact/texts.ts';
import type { Counted } from '../../sidecar/src/traffic/figures.ts';
import { logRow } from '../../sidecar/src/traffic/log_row.ts';

const hostile = [
  'cursor="',
  'cursor=',
  'token «',
  "token 'a ",
  "token',",
  'token ',
  'token=[',
  'password="a\\"',
  '<password>',
  ':password>',
  'Key (token)=(a',
  'Failing row contains (',
  '-eyJaaaaaaaa',
  'a=',
  'password=a&',
  'order=token ',
  '["password",',
  '{"token":',
];
const filled = (part: string, length = 65_536) => part.repeat(Math.ceil(length / part.length)).slice(0, length);

function msOf(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

describe.each(hostile)('%s', (part) => {
  test('the search for values after secret names stops when its budget is used up', () => {
    const budget = new Budget(20_000);
    expect(namedSecrets(filled(part), budget).length).toBeLessThanOrEqual(100);
  });

  test('a string of 64 KiB is cleaned quickly; a body of many such strings is not searched', () => {
    const text = filled(part);
    // Comparing every position with every other position would take seconds.
    expect(msOf(() => withoutCredentials(text))).toBeLessThan(1_000);
    for (const body of [{ nosuchfield: Array.from({ length: 100 }, () => text) }, { a: text, b: [text, { c: text }] }, text]) {
      expect(
        msOf(() => {
          const redactor = new Redactor();
          redactor.learn(body);
          redactor.body(body, 16_384);
        }),
      ).toBeLessThan(1_000);
    }
  });
});

test('long or numerous secrets are found again without a pattern of their whole text', () => {
  const long = (i: number) => `${i}${filled('Zq7vKp2mXw', 8_000)}${i}`;
  for (const secrets of [[0, 1].map(long), Array.from({ length: 49 }, (_, i) => long(i).slice(0, 320))]) {
    const redactor = new Redactor();
    redactor.learn(secrets.map((password) => ({ password })));
    const text = secrets.join(' and ');
    expect(msOf(() => expect(redactor.text(text)).toBe(secrets.map(() => stars).join(' and ')))).toBeLessThan(1_000);
    expect(redactor.text(`cut off: ${text.slice(0, 200)}`)).toBe(`cut off: ${stars}`);
  }
});

test('the cost of a body is known without reading all of it', () => {
  expect(costOf({ a: ['bc', 1] }, 100)).toBe(4 * 8 + 1 + 2);
  expect(costOf(Array.from({ length: mostLearned }), mostLearned)).toBe(mostLearned + 1);
  expect(costOf([filled('x'), [filled('y')]], 70_000)).toBeGreaterThan(70_000);
});

describe('rows of refused requests', () => {
  const endpoint: Endpoint = { name: 'test', access: 'anonymous', handle: () => ({ status: 200, body: null }) };
  function row(query: string, body: unknown, error: GatewayError, level: 'errors' | 'payloads' = 'errors', headers = {}): string {
    const request = { method: 'POST', headers, originalUrl: `/api/v1/res.partner${query}` };
    const context = new RequestContext(request as unknown as Request, {} as Response, endpoint);
    context.body = body;
    context.error = error;
    const counted = { at: 0, status: error.status, consumer: { consumer: 'none:0', name: '' } } as Counted;
    return logRow(context, counted, level, 's', 16_384);
  }
  const large = { a: Array.from({ length: 5 }, () => filled('some text ')), password: 'hunter22' };

  test('if a body is too large to be searched, only the message is dropped, not the path', () => {
    const text = row('?limit=3', large, new GatewayError('body.value', { message: 'no hunter22 here' }));
    expect(text).toContain(tooLarge);
    expect(text).toContain('/api/v1/res.partner?limit=3');
    expect(text).not.toContain('hunter22');
  });

  test.each([' ', '\t', '"', '%20', 'basic a', 'Bearer '])('a header of many %j is searched quickly', (part) => {
    const error = new GatewayError('auth.invalid');
    for (const name of ['authorization', 'x-api-key', 'cookie', 'user-agent']) {
      const headers = { [name]: `Bearer a${filled(part, 15_000)}b` };
      for (const level of ['errors', 'payloads'] as const) {
        expect(msOf(() => row('', undefined, error, level, headers))).toBeLessThan(300);
      }
    }
  });

  test('a message from the catalogue is stored without a search of the body', () => {
    const error = new GatewayError('auth.missing');
    expect(row('', large, error)).toContain(error.message);
  });

  test('only the stored part of a query is searched', () => {
    const query = `?password=hunter22&x=${'cursor=%22'.repeat(1_500)}&token=farther`;
    const text = row(query, undefined, new GatewayError('route.unknown', { message: 'no hunter22 here' }));
    expect(text).not.toContain('hunter22');
    expect(msOf(() => row(query, undefined, new GatewayError('auth.missing')))).toBeLessThan(1_000);
  });
});
