// Secrets that are recognized by their position in a body, or by a name before them in a string.

import { describe, expect, test } from 'vitest';
import cases from '../../odoo_addon/api_gateway/tests/secret_cases.json' with { type: 'json' };
import { cleanLine } from '../../sidecar/src/log.ts';
import { isSecretMethod, isSecretName, stars } from '../../sidecar/src/redact/names.ts';
import { Redactor } from '../../sidecar/src/redact/redactor.ts';
import { withoutCredentials } from '../../sidecar/src/redact/texts.ts';

const old = 'Zq7vKp2mXw';
const fresh = 'n3w-S3cret!zz';

/** The stored form of a body, as an object. Checks that its secrets are also removed from a string that repeats them. */
function stored(body: unknown, ...secrets: string[]): unknown {
  const redactor = new Redactor();
  redactor.learn(body);
  const text = redactor.body(body, 100_000);
  for (const secret of secrets) {
    expect(text).not.toContain(secret);
    expect(redactor.text(`Odoo says: ${secret}!`)).not.toContain(secret);
  }
  return JSON.parse(text);
}

describe('a secret is found by its position in a body', () => {
  const call = { model: 'res.users', method: 'change_password' };
  const rows = (...passwords: string[]) => passwords.map((password, i) => [`user${i}`, password]);
  test.each<[string, unknown, unknown]>([
    ['arguments of /call', { ...call, args: [old, fresh] }, { ...call, args: [stars, stars] }],
    [
      'arguments by name',
      { ...call, kwargs: { a: old, b: [fresh], context: { lang: 'en_US' } } },
      { ...call, kwargs: { a: stars, b: [stars], context: { lang: stars } } },
    ],
    [
      'in a batch',
      {
        operations: [
          { op: 'read', model: 'res.partner', ids: [7] },
          { op: 'call', ids: [6], ...call, args: [{ x: [old] }, fresh] },
        ],
      },
      {
        operations: [
          { op: 'read', model: 'res.partner', ids: [7] },
          { op: 'call', ids: [6], ...call, args: [{ x: [stars] }, stars] },
        ],
      },
    ],
    [
      'execute_kw',
      {
        params: {
          service: 'object',
          method: 'execute_kw',
          args: ['db', 2, old, 'res.users', 'change_password', ['a', fresh], {}],
        },
      },
      {
        params: {
          service: 'object',
          method: 'execute_kw',
          args: ['db', 2, stars, 'res.users', 'change_password', [stars, stars], {}],
        },
      },
    ],
    [
      'a login of JSON-RPC',
      { method: 'call', params: { service: 'common', method: 'login', args: ['db', old, fresh] } },
      { method: 'call', params: { service: 'common', method: 'login', args: [stars, stars, stars] } },
    ],
    [
      'terms of a domain',
      { domain: ['|', ['access_token', '=', old], '&', ['name', '=', 'kept'], ['user_ids.signup_token', 'in', [fresh, false]]] },
      {
        domain: ['|', ['access_token', '=', stars], '&', ['name', '=', 'kept'], ['user_ids.signup_token', 'in', [stars, false]]],
      },
    ],
    [
      'nested domains',
      {
        domain: [
          [
            'user_ids',
            'any',
            [
              ['password', 'ilike', old],
              ['child_ids', 'not any', [['pin', '=', fresh]]],
            ],
          ],
        ],
      },
      {
        domain: [
          [
            'user_ids',
            'any',
            [
              ['password', 'ilike', stars],
              ['child_ids', 'not any', [['pin', '=', stars]]],
            ],
          ],
        ],
      },
    ],
    ['an unknown operator', [['access_token', 'equals', fresh]], [['access_token', 'equals', stars]]],
    [
      'an unknown operator in a domain',
      { domain: [['access_token', 'equals', 'hunter']] },
      { domain: [['access_token', 'equals', stars]] },
    ],
    ['a domain as a string', { domain: `[["access_token", "=", "${old}"]]` }, { domain: `[["access_token","=","${stars}"]]` }],
    [
      'a domain as Python writes it',
      { domain: `[('access_token', '=', '${old}')]` },
      { domain: `[('access_token', '=', '${stars}')]` },
    ],
    [
      'columns of load',
      { model: 'res.users', method: 'load', args: [['login', 'password'], rows(old, fresh)] },
      { model: 'res.users', method: 'load', args: [['login', 'password'], rows(stars, stars)] },
    ],
    [
      'columns of load, by name',
      { kwargs: { fields: ['name', 'user_ids/password'], data: rows(old, fresh) } },
      { kwargs: { fields: ['name', 'user_ids/password'], data: rows(stars, stars) } },
    ],
    ['a table below its header', [['login', 'password'], ...rows(old, fresh)], [['login', 'password'], ...rows(stars, stars)]],
    [
      'defaults in a context',
      { context: { default_password: old, lang: 'fr_FR' } },
      { context: { default_password: stars, lang: 'fr_FR' } },
    ],
    [
      'values of web_save and onchange',
      { args: [[7], { user_ids: [[1, 6, { password: old }]], name: 'kept' }, {}] },
      { args: [[7], { user_ids: [[1, 6, { password: stars }]], name: 'kept' }, {}] },
    ],
    [
      'a value beside its name',
      {
        headers: [
          { name: 'Authorization', value: old },
          { name: 'X-Test', value: 'kept' },
        ],
      },
      {
        headers: [
          { name: 'Authorization', value: stars },
          { name: 'X-Test', value: 'kept' },
        ],
      },
    ],
    [
      'a name and its value in a list',
      {
        headers: [
          ['Authorization', fresh],
          ['Accept', '*/*'],
        ],
      },
      {
        headers: [
          ['Authorization', stars],
          ['Accept', '*/*'],
        ],
      },
    ],
    [
      'PINs and codes',
      { employee: { pin: 4711, smtp_pass: old, totp_code: '123456' } },
      { employee: { pin: stars, smtp_pass: stars, totp_code: stars } },
    ],
    [
      'a session',
      { session_id: 'Jq0wZ4Tn8s1kXv7bM2c9', pos: { session_id: 12 } },
      { session_id: stars, pos: { session_id: 12 } },
    ],
  ])('%s', (_name, body, expected) => {
    const secrets = [old, fresh].filter((secret) => JSON.stringify(body).includes(secret));
    expect(stored(body, ...secrets)).toEqual(expected);
  });

  test('secrets are removed from a table with too many columns', () => {
    const names = ['login', 'password', ...Array.from({ length: 2_000 }, () => 'name')];
    stored({ args: [names, [['x', old, ...Array.from({ length: 2_000 }, () => 'x')]]] }, old);
  });

  test('an order keeps its keywords', () => {
    expect(stored({ order: 'password desc nulls last, name' })).toEqual({ order: 'password desc nulls last, name' });
    expect(new Redactor().path(`/x?order=password%20${old}`)).toBe(`/x?order=${stars}`);
  });

  test('a body about credentials shows only the values that are known to be harmless', () => {
    const redactor = new Redactor();
    const body = { login: 'demo', user: old, params: { args: [fresh] } };
    redactor.learnSecretBody(body, new Set(['login']));
    expect(JSON.parse(redactor.body(body, 1_000))).toEqual({ login: 'demo', user: stars, params: { args: [stars] } });
    expect(redactor.text(`wrong: ${fresh}`)).toBe(`wrong: ${stars}`);
    const list = new Redactor();
    list.learnSecretBody([old, [fresh]], new Set(['login']));
    expect(list.body([old, [fresh]], 1_000)).toBe(`["${stars}",["${stars}"]]`);
  });

  test('secrets in the body of a method route are recognized by its path', () => {
    const redactor = new Redactor();
    redactor.learnMethod('res.users', 'change_password', { args: [old, fresh] });
    expect(redactor.body({ args: [old, fresh] }, 1_000)).toBe(`{"args":["${stars}","${stars}"]}`);
    expect(redactor.text(`wrong: ${old}`)).toBe(`wrong: ${stars}`);
  });

  test('names by themselves are not secrets, and the text around them is kept', () => {
    for (const body of [
      { fields: ['password', 'name'], order: 'access_token' },
      { fields: ['access_token', 'name', 'email'] },
      {
        args: [
          [7, 8],
          ['login', 'password'],
        ],
      },
      {
        domain: [
          ['login', 'in', ['demo', 'admin']],
          ['name', '=', 'token'],
        ],
      },
      { method: 'search_read', args: [[['name', 'ilike', 'secretary']]] },
      { args: [[['name', '=', 'x']], ['name'], 0, 80] },
    ]) {
      expect(stored(body)).toEqual(body);
    }
  });

  test('secrets in the rows of an answer are recognized by the requested columns', () => {
    const redactor = new Redactor();
    redactor.learn({ method: 'export_data', args: [[7], ['name', 'access_token']] });
    const answer = {
      success: true,
      data: {
        datas: [
          ['kept', old],
          ['kept', fresh],
        ],
      },
    };
    expect(JSON.parse(redactor.answer(answer, 1_000)).data).toEqual({
      datas: [
        ['kept', stars],
        ['kept', stars],
      ],
    });
  });

  test('the result of a method that handles secrets is treated as a secret', () => {
    const redactor = new Redactor();
    redactor.learn([{ op: 'call', model: 'x.y', method: 'generate_api_key' }]);
    expect(redactor.answer({ success: true, data: [old] }, 1_000)).toBe(`{"success":true,"data":["${stars}"]}`);
  });
});

describe('secrets in queries and paths', () => {
  const path = (query: string) => new Redactor().path(`/api/v1/res.partner?${query}`);
  test.each([
    `filter[access_token]=${old}`,
    `filter[password][eq]=${old}`,
    `filter[user_ids.key][eq]=${old}`,
    `filter%5Bpassword%5D%5Bin%5D=${old}`,
    `domain=${encodeURIComponent(JSON.stringify([['signup_token', '=', old]]))}`,
    `domain=${encodeURIComponent(encodeURIComponent(JSON.stringify([['signup_token', '=', old]])))}`,
    `domain=[["user_ids","any",[["password","=","${old}"]]]]`,
    `domain=${encodeURIComponent(`[('access_token','=','${old}')]`)}`,
    `context=${encodeURIComponent(JSON.stringify({ default_password: old }))}`,
    `next=${encodeURIComponent(`https://x.example/y?access_token=${old}`)}`,
    `a=%2567wk_${'Ab3_'.repeat(5)}`,
  ])('%s', (query) => {
    const clean = path(query);
    for (const form of [old, encodeURIComponent(old), Buffer.from(old).toString('base64url').slice(2, -3), 'Ab3_Ab3_']) {
      expect(clean).not.toContain(form);
    }
    expect(clean).toMatch(/^\/api\/v1\/res\.partner\?/);
  });

  test('a domain keeps its structure', () => {
    const query = encodeURIComponent(JSON.stringify([['access_token', '=', old]]));
    expect(decodeURIComponent(path(`limit=3&domain=${query}`))).toBe(
      `/api/v1/res.partner?limit=3&domain=[["access_token","=","${stars}"]]`,
    );
    const cursor = Buffer.from(JSON.stringify(['name desc', 'Azure'])).toString('base64url');
    expect(path(`cursor=${cursor}`)).toBe(`/api/v1/res.partner?cursor=${cursor}`);
  });

  test('a secret in a query is recognized, and removed from a message that repeats it', () => {
    const redactor = new Redactor();
    redactor.learnQuery(`domain=${encodeURIComponent(JSON.stringify([['access_token', '=', old]]))}`);
    expect(redactor.text(`no record has ${old}`)).toBe(`no record has ${stars}`);
  });

  test('the part after a secret name in a path is removed', () => {
    expect(new Redactor().path('/web/reset_password/4f7a9c0d1e2b3a4f5c')).toBe(`/web/reset_password/${stars}`);
    expect(new Redactor().path('/api/v1/auth.token/7')).toBe('/api/v1/auth.token/7');
  });
});

describe('secrets in strings', () => {
  test.each([
    [`The field password of res.users cannot be set to '${old}'`, `The field password of res.users cannot be set to '${stars}'`],
    [`Signup token '${old}' is not valid or expired`, `Signup token '${stars}' is not valid or expired`],
    [`DETAIL:  Key (password)=(${old}) already exists.`, `DETAIL:  Key (password)=(${stars}) already exists.`],
    [`Key (login, access_token)=(a, ${old}) already exists.`, `Key (login, access_token)=(${stars}) already exists.`],
    [`Failing row contains (1, a, ${old}).`, `Failing row contains (${stars}).`],
    [`authorization: Bearer ${'abcdefgh'.repeat(3)}`, `authorization: ${stars}`],
    [`Authorization: Basic ZGVtbzpkZW1v\nnext`, `Authorization: ${stars}\nnext`],
    [`Cookie: a=b; session=${old}; c=d`, `Cookie: ${stars}`],
    [`sent Bearer ${'abcdefghij'.repeat(2)} to x`, `sent Bearer ${stars} to x`],
    [`https://user:p@ss${old}@host/x`, `https://${'user'}:${stars}@host/x`],
    [`https://ghp_${old}${old}@host/x`, `https://${stars}@host/x`],
    [`GET /x?access_token=${old}&y=1`, `GET /x?access_token=${stars}&y=1`],
    [`{'password': 'two words', 'name': 'kept'}`, `{'password': '${stars}', 'name': 'kept'}`],
    [`{\\"password\\": \\"${old}\\", \\"name\\": \\"kept\\"}`, `{\\"password\\": \\"${stars}\\", \\"name\\": \\"kept\\"}`],
    [`login(password='${old}', name='kept')`, `login(password='${stars}', name='kept')`],
    [`['access_token', '=', '${old}']`, `['access_token', '=', '${stars}']`],
    [`("api_key", "not in", ["${old}"])`, `("api_key", "not in", [${stars}])`],
    [`key%3Dgwk_${'Ab3_'.repeat(5)}`, `key%3D${stars}`],
    [`{"key":12,"token":{"a":["${old}"]},"x":1}`, `{"key":"${stars}","token":"${stars}","x":1}`],
    [`<string>&lt;token&gt;${old}x&lt;/token&gt;</string>`, `<string><token>${stars}</token></string>`],
    [`<string>a &lt; b</string><name>password</name>`, `<string>a &lt; b</string><name>password</name>`],
  ])('%s', (text, expected) => expect(withoutCredentials(text)).toBe(expected));

  test.each([
    'Basic information about tokens',
    'duplicate key value violates unique constraint "res_users_login_key"',
    'The model res.users has no field "nickname".',
    `File "/usr/lib/odoo/addons/auth_totp/models/res_users.py", line 7, in action_totp_disable`,
    "The user's token doesn't fit.",
    'tokens: null',
    'https://www.example.com/web?limit=3',
    '{"level":"info","user":6,"msg":"credential refused"}',
    `{"err":{"message":"Failing row contains (${stars}).","stack":"at x"},"user":6}`,
  ])('kept: %s', (text) => expect(withoutCredentials(text)).toBe(text));
});

test('a known secret is found in HTML and XML', () => {
  const redactor = new Redactor();
  redactor.add('gw<&>2026');
  expect(redactor.text('<string>gw&lt;&amp;&gt;2026</string>')).toBe(`<string>${stars}</string>`);
});

test('a line of the log stays one line', () => {
  const line = `{"msg":"Failing row contains (1, ${old}"}\n`;
  expect(cleanLine(line)).toBe(`{"msg":"Failing row contains (${stars}\n`);
});

test.each([
  'Key ()=('.repeat(8_000),
  'Failing row contains ('.repeat(3_000),
  'password '.repeat(7_000),
  'password "'.repeat(6_500),
  `password '${"\\'".repeat(30_000)}`,
  'key=['.repeat(13_000),
  'eyJ'.repeat(21_000),
  '%25'.repeat(21_000),
  "password', '".repeat(6_000),
  '[["password",'.repeat(5_000),
  '://'.repeat(21_000),
  'a.'.repeat(32_000),
])('the time for a hostile string grows only with its length (%#)', (text) => {
  const startedAt = performance.now();
  new Redactor().body(text, 65_536);
  const redactor = new Redactor();
  redactor.learn({ text, domain: [text, '=', text] });
  redactor.body({ text }, 65_536);
  // If the time grew with the square of the length, this would take minutes.
  expect(performance.now() - startedAt).toBeLessThan(3_000);
});

test('names, methods and strings are classified as in the addon', () => {
  for (const [judge, { secret, open }] of [
    [isSecretName, cases.names],
    [isSecretMethod, cases.methods],
  ] as const) {
    expect(secret.filter((name) => !judge(name))).toEqual([]);
    expect(open.filter((name) => judge(name))).toEqual([]);
  }
  for (const [text = '', expected] of cases.texts) expect(withoutCredentials(text)).toBe(expected);
  for (const [body, secrets] of cases.bodies) stored(body, ...(secrets as string[]));
});
