import { describe, expect, test } from 'vitest';
import { isSecretName, stars, tooLarge } from '../../sidecar/src/redact/names.ts';
import { Redactor } from '../../sidecar/src/redact/redactor.ts';

const password = 'Tr0ub4dor & 3\'s "fine"';
const gatewayKey = `gwk_${'Ab3-_9xYzQ'.repeat(6)}`;
const odooKey = '0123456789abcdef0123456789abcdef01234567';
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI2In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const clientSecret = 'q7Zk2LmN8xW4pR1sT6vY3bC9dF5gH0jK';

/** The forms in which a secret may reappear: itself, in base64 at each of the three offsets, and percent-encoded. */
function formsOf(secret: string): string[] {
  const base64 = [0, 1, 2].map((offset) => {
    const shifted = Buffer.from('\0'.repeat(offset) + secret).toString('base64');
    return shifted.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + secret.length) * 8) / 6));
  });
  return [secret, encodeURIComponent(secret), ...base64];
}

function expectGone(text: string, ...secrets: string[]): void {
  for (const secret of secrets) for (const form of formsOf(secret)) expect(text).not.toContain(form);
}

describe('names', () => {
  test.each(['password', 'new_password', 'Authorization', 'X-API-Key', 'api-key', 'client_secret', 'access_token'])(
    '%s is the name of a secret',
    (name) => expect(isSecretName(name)).toBe(true),
  );
  test.each(['name', 'Idempotency-Key', 'token_type', 'description', 'author', 'keyword', 'passengers', 'model'])(
    '%s is not the name of a secret',
    (name) => expect(isSecretName(name)).toBe(false),
  );
});

describe('headers', () => {
  test('the scheme is kept, the credential is removed', () => {
    expect(new Redactor().header('Authorization', `Bearer ${odooKey}`)).toBe(`Bearer ${stars}`);
    expect(new Redactor().header('X-API-Key', gatewayKey)).toBe(stars);
  });
});

describe('formats that only credentials have', () => {
  test.each([gatewayKey, odooKey, jwt, 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'])('%s is removed', (credential) => {
    expect(new Redactor().text(`before ${credential} after`)).toBe(`before ${stars} after`);
  });

  test('a password in an address is removed', () => {
    expect(new Redactor().text('postgres://role:hunter22@db/x')).toBe(`postgres://role:${stars}@db/x`);
  });

  test('ordinary text stays unchanged', () => {
    for (const text of ['Basic information about tokens', 'res.partner(7,)', '2026-11-22 12:00:00', 'a'.repeat(64)]) {
      expect(new Redactor().text(text)).toBe(text);
    }
  });
});

describe('bodies', () => {
  test('values under secret names are removed at any depth, even inside strings that are JSON or a form', () => {
    const body = {
      login: 'demo',
      password,
      list: [{ deep: { client_secret: clientSecret, name: 'kept' } }],
      json: JSON.stringify({ api_key: clientSecret, again: JSON.stringify({ secret: password }) }),
      form: `grant_type=client_credentials&client_secret=${clientSecret}`,
    };
    const text = new Redactor().body(body, 10_000);
    expectGone(text, password, clientSecret);
    expect(text).toContain('kept');
    expect(text).toContain('client_credentials');
  });

  test('a body is cut, and no part of a secret is left at the cut', () => {
    const text = new Redactor().body({ note: `${'x'.repeat(80)} ${odooKey}`, more: 'y'.repeat(1_000_000) }, 100);
    expect(text.length).toBeLessThanOrEqual(101);
    expect(text).not.toContain(odooKey.slice(0, 8));
  });

  test('very deeply nested bodies are cut short', () => {
    let deep: unknown = { password };
    for (let i = 0; i < 5_000; i += 1) deep = { deep };
    expectGone(new Redactor().body(deep, 100_000), password);
  });
});

describe('the secrets of a request are found wherever they turn up again', () => {
  test('in a traceback, raw, quoted and encoded', () => {
    const redactor = new Redactor();
    redactor.learn({ password });
    redactor.learnHeaders({ authorization: `Basic ${Buffer.from(`demo:${clientSecret}`).toString('base64')}` });
    const traceback = [
      `File "x.py", in login("demo", ${JSON.stringify(password)})`,
      `ValueError: '${password.replaceAll("'", "\\'")}'`,
      ...formsOf(password),
      ...formsOf(clientSecret),
      `form ${new URLSearchParams({ p: password })}`,
    ].join('\n');
    const clean = redactor.tail(traceback, 65_536);
    expectGone(clean, password, clientSecret);
    expect(clean).toContain('File "x.py"');
  });

  test('in an echoed value', () => {
    const redactor = new Redactor();
    redactor.learnQuery(`token=${encodeURIComponent(password)}`);
    expectGone(redactor.body({ error: `no user has ${password}` }, 1_000), password);
  });
});

describe('queries and paths', () => {
  test('values under secret names are removed, and credentials under any name', () => {
    const path = `/api/v1/res.partner?limit=3&api_key=${odooKey}&q=${encodeURIComponent(`Bearer ${jwt}`)}`;
    expect(new Redactor().path(path)).toBe(`/api/v1/res.partner?limit=3&api_key=${stars}&q=${stars}`);
  });

  test('a credential in the path itself is removed, percent-encoded or not', () => {
    expectGone(new Redactor().path(`/api/v1/${gatewayKey}`), gatewayKey);
    expectGone(new Redactor().path(`/api/v1/%67${gatewayKey.slice(1)}`), gatewayKey);
  });
});

test.each([
  'y'.repeat(65_536),
  'password'.repeat(8_192),
  'basic+'.repeat(10_000),
  `${'a='.repeat(20_000)}&`,
  '://a:'.repeat(13_000),
  'eyJaaaaaaaa.'.repeat(5_000),
])('the time for a hostile string grows only with its length (%#)', (text) => {
  const startedAt = performance.now();
  for (let i = 0; i < 3; i += 1) new Redactor().body(text, 65_536);
  // If the time grew with the square of the length, this would take minutes.
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

test('the text of a request with too many secrets is not stored', () => {
  const redactor = new Redactor();
  redactor.learn(Array.from({ length: 100 }, (_, i) => ({ password: `secret number ${i}` })));
  expect(redactor.text('traceback with secret number 77')).toBe(tooLarge);
});

test('characters that Postgres cannot store are replaced', () => {
  expect(new Redactor().text('a\0b\uD800c')).toBe('a\uFFFDb\uFFFDc');
});
