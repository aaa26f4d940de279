// Random requests, each with a secret planted somewhere. No form of the secret may appear in a column of the request log or in a
// line of the gateway's own log.

import type { Request, Response } from 'express';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { GatewayError } from '../../sidecar/src/errors.ts';
import type { Endpoint } from '../../sidecar/src/pipeline/context.ts';
import { RequestContext } from '../../sidecar/src/pipeline/context.ts';
import type { Counted } from '../../sidecar/src/traffic/figures.ts';
import { logRequests } from '../../sidecar/src/traffic/log_requests.ts';
import { logRow } from '../../sidecar/src/traffic/log_row.ts';

const runs = Number(process.env['RUNS'] ?? 400);
const seed = Number(process.env['SEED'] ?? 20_261_127);

/** mulberry32: the same numbers on every machine. */
function randomOf(state: number) {
  let a = state;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const random = randomOf(seed);
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
const letters = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const word = (length: number) => Array.from({ length }, () => pick([...letters])).join('');

const secretNames = [
  'password',
  'new_password',
  'access_token',
  'signup_token',
  'client_secret',
  'api_key',
  'smtp_pass',
  'pin',
  'totp_code',
];
const methods = ['change_password', 'authenticate', 'signup', 'reset_password', 'check_credentials', 'generate_api_key'];
const newSecret = () =>
  pick([() => word(12), () => `${word(5)} ${word(5)}`, () => `${word(4)}"'\\${word(5)}`, () => `${word(6)}é&=%${word(4)}`])();

/** Places in a body where a secret may be. */
const placements: readonly ((secret: string) => unknown)[] = [
  (secret) => ({ [pick(secretNames)]: secret }),
  (secret) => ({ [pick(secretNames)]: [secret, { x: secret }] }),
  (secret) => ({ model: 'res.users', method: pick(methods), args: ['demo', secret] }),
  (secret) => ({ model: 'res.users', method: pick(methods), kwargs: { a: { b: [secret] } } }),
  (secret) => ['db', 2, secret, 'res.partner', 'search_read', [[]]],
  (secret) => ({
    domain: ['|', ['name', '=', 'x'], [`user_ids.${pick(secretNames)}`, pick(['=', 'in', 'ilike', '!=']), secret]],
  }),
  (secret) => ({ domain: [['user_ids', 'any', [['child_ids', 'not any', [[pick(secretNames), 'in', [secret]]]]]]] }),
  (secret) => ({
    args: [
      ['login', pick(secretNames)],
      [
        ['a', secret],
        ['b', secret],
      ],
    ],
  }),
  (secret) => ({ fields: ['x', 'y', pick(secretNames)], data: [[1, 'b', secret]] }),
  (secret) => [
    ['login', pick(secretNames), 'lang'],
    ['a', secret, 'fr'],
  ],
  (secret) => ({ context: { [`default_${pick(secretNames)}`]: secret } }),
  (secret) => ({ user_ids: [[0, 0, { [pick(secretNames)]: secret }]] }),
  (secret) => ({ name: 'Authorization', value: secret }),
];

/** Strings around the secret. */
const wrappings: readonly ((inner: unknown) => unknown)[] = [
  (inner) => inner,
  (inner) => ({ values: inner, note: word(8) }),
  (inner) => [
    { op: 'create', model: 'x' },
    { op: 'call', inner },
  ],
  (inner) => ({ text: JSON.stringify(inner) }),
  (inner) => ({ a: { b: [[inner], 7, null, true] }, c: 'kept' }),
];

/** Places where the same secret turns up again. */
const echoes: readonly ((secret: string) => string)[] = [
  (secret) => `Odoo: ${secret} is wrong`,
  (secret) => `ValueError: ${JSON.stringify({ value: secret })}`,
  (secret) => `GET /x?y=${encodeURIComponent(secret)}`,
  (secret) => `base64 ${Buffer.from(`x${secret}y`).toString('base64')}`,
];

function formsOf(secret: string): string[] {
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
}

test(`no secret of ${runs} requests is in the logs (seed ${seed})`, () => {
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
  for (let run = 0; run < runs; run += 1) {
    lines.length = 0;
    const secret = newSecret();
    let body = pick(placements)(secret);
    for (let i = random() * 3; i > 0; i -= 1) body = pick(wrappings)(body);
    const asQuery = random() < 0.3;
    const query = asQuery ? `?limit=3&q=${encodeURIComponent(JSON.stringify(body))}` : '?limit=3';
    const echo = pick(echoes)(secret);
    const request = {
      method: 'POST',
      headers: { 'user-agent': echo, referer: `https://x/${query}` },
      originalUrl: `/api/v1/x${query}`,
    };
    const endpoint: Endpoint = { name: 'test', access: 'anonymous', handle: () => ({ status: 200, body: null }) };
    const context = new RequestContext(request as unknown as Request, {} as Response, endpoint);
    if (!asQuery) context.body = body;
    context.answered = { success: false, error: { message: echo, details: body } };
    context.sentHeaders = ['Location', `/x?y=${encodeURIComponent(echo)}`];
    context.error = new GatewayError('odoo.error', { message: echo, cause: new Error(`File "x.py"\n${echo}`) });
    context.status = 500;
    const row = logRow(
      context,
      { at: 0, status: 500, consumer: { consumer: 'none:0', name: '' } } as Counted,
      'payloads',
      's',
      16_384,
    );
    logRequests(log)(context);
    const shown = JSON.stringify({ body, query, echo });
    for (const form of formsOf(secret)) {
      expect(row.includes(form), `run ${run}: ${form} in the row of ${shown}: ${row}`).toBe(false);
      expect(lines.join('').includes(form), `run ${run}: ${form} in a line of ${shown}`).toBe(false);
    }
    expect(row).toContain('limit=3');
    expect(lines).toHaveLength(1);
  }
}, 30_000);
