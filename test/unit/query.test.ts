import { describe, expect, test } from 'vitest';
import { parseSettings } from '../../sidecar/src/db/settings.ts';
import { GatewayError } from '../../sidecar/src/errors.ts';
import { isExposed } from '../../sidecar/src/executor/exposure.ts';
import { parseDomain } from '../../sidecar/src/records/domain.ts';
import { parseFields } from '../../sidecar/src/records/fields.ts';
import { pageAfter, parseListQuery } from '../../sidecar/src/records/list_query.ts';
import { queryOf } from '../../sidecar/src/records/search_body.ts';

const settings = parseSettings({});
const list = (query: Record<string, string>) => parseListQuery(`/x?${new URLSearchParams(query)}`, settings);

function refusalOf(action: () => unknown): { reason: string; message: string } {
  try {
    action();
  } catch (error) {
    if (error instanceof GatewayError) return { reason: error.reason, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('queries that Odoo would always refuse are refused here', () => {
  const path = (steps: number) => `${'a.'.repeat(steps)}b`;
  const conditions = (count: number, steps: number) => Array.from({ length: count }, () => [path(steps), '=', 1]);
  const trees = (count: number) => Array.from({ length: count }, (_, i) => `r${i}.a,r${i}.b`).join(',');

  test.each<[string, () => unknown]>([
    ['a path through 9 relations', () => parseDomain(JSON.stringify(conditions(1, 9)))],
    ['a path through 9 relations inside of "any"', () => parseDomain(JSON.stringify([['a', 'any', conditions(1, 9)]]))],
    ['101 relations', () => parseDomain(JSON.stringify([...conditions(12, 8), ['a', 'any', conditions(5, 1)]]))],
    ['201 expansions', () => parseFields(trees(201))],
  ])('%s', (_, action) => {
    expect(refusalOf(action).reason).toBe('request.too_complex');
  });

  test('queries at the limits are left to Odoo', () => {
    expect(parseDomain(JSON.stringify(conditions(12, 8)))).toHaveLength(12);
    expect(Object.keys(parseFields(trees(200)))).toHaveLength(200);
  });
});

describe('the query of a list', () => {
  test('has defaults', () => {
    expect(parseListQuery('/api/v1/res.partner', settings)).toEqual({
      domain: [],
      fields: undefined,
      filters: [],
      limit: 80,
      offset: 0,
      cursor: undefined,
      order: undefined,
      count: undefined,
      archived: undefined,
    });
  });

  test('is parsed as given', () => {
    expect(list({ domain: '[["name","=","A&B"]]', limit: '5', offset: '10', order: 'name desc, id' })).toEqual({
      domain: [['name', '=', 'A&B']],
      fields: undefined,
      filters: [],
      limit: 5,
      offset: 10,
      cursor: undefined,
      order: 'name desc, id',
      count: undefined,
      archived: undefined,
    });
  });

  test.each([
    [{ limit: '-1' }, 'query.limit', 'limit must be a whole number from 1 to 1000, not "-1".'],
    [{ limit: '0' }, 'query.limit', '"0"'],
    [{ limit: '1001' }, 'query.limit', '"1001"'],
    [{ limit: '1e2' }, 'query.limit', '"1e2"'],
    [{ limit: '' }, 'query.limit', '""'],
    [{ offset: '-1' }, 'query.offset', '"-1"'],
    [{ offset: '1.5' }, 'query.offset', '"1.5"'],
    [{ order: 'name; drop table res_users' }, 'query.order', '"name; drop table res_users"'],
    [{ order: 'name,' }, 'query.order', '""'],
    [{ order: 'name up' }, 'query.order', '"name up"'],
    [{ filter: '1' }, 'query.filter', 'filter is not of the form filter[field][operator]'],
    [{ constructor: '1' }, 'query.unknown', '"constructor"'],
    [{ archived: 'all' }, 'query.archived', '"all"'],
    [{ fields: 'name,' }, 'query.fields', 'empty'],
    [{ domain: '[' }, 'query.domain', 'JSON'],
  ])('%j is refused: %s', (query, reason, culprit) => {
    const refusal = refusalOf(() => list(query as Record<string, string>));
    expect(refusal.reason).toBe(reason);
    expect(refusal.message).toContain(culprit);
  });

  test.each([
    ['limit=1&limit=2', 'query.repeated', 'limit is given more than once.'],
    ['cursor=a&cursor=a', 'query.repeated', 'cursor'],
    ['filter[name]=a&filter[name]=b', 'query.repeated', 'For one of several values, write filter[name][in]=1,2.'],
    ['filter[name]=a&filter%5Bname%5D[eq]=a', 'query.repeated', 'filter[name]'],
    ['filter[name][ilike]=a&filter[name][ilike]=b', 'query.repeated', 'filter[name][ilike]'],
    ['limit[]=1', 'query.unknown', '"limit[]"'],
    ['Limt=1', 'query.unknown', 'There is no query parameter "Limt" here. Did you mean limit? Known parameters: '],
    ['xyz=1', 'query.unknown', 'There is no query parameter "xyz" here. Known parameters: '],
    ['cursor=', 'query.cursor', 'cursor is empty. Leave it out for the first page'],
    ['filter[name]=Andr%E9', 'query.encoding', 'filter[name] contains "%E9", which is not percent-encoded UTF-8.'],
    ['filter[name]=%C3%A9%E9', 'query.encoding', '"%C3%A9%E9"'],
    ['filter[name]=100%', 'query.encoding', '"%"'],
    ['fields=%zz', 'query.encoding', 'fields contains "%"'],
    ['%E9=1', 'query.encoding', 'The query contains "%E9"'],
    ['filter[name][in]="a&filter[name][in]=b"', 'query.filter', 'has a quote in the wrong place'],
    [`${'limit=1&'.repeat(1_001)}`, 'query.repeated', 'limit'],
    [`${'filter[id][in]=1&'.repeat(1_000)}nope=1`, 'query.unknown', '"nope"'],
  ])('%s is refused: %s', (query, reason, culprit) => {
    const refusal = refusalOf(() => parseListQuery(`/x?${query}`, settings));
    expect(refusal.reason).toBe(reason);
    expect(refusal.message).toContain(culprit);
  });

  test.each([
    ['filter[id][in]=1&filter[id][in]=2,3', ['1', '2', '3']],
    ['filter[id][in][]=1&filter[id][in][]=2', ['1', '2']],
    ['filter[id][in][0]=1&filter[id][in][1]=2', ['1', '2']],
    ['filter%5Bname%5D%5Bin%5D=%22Doe,+John%22&filter[name][in]=Mary', ['Doe, John', 'Mary']],
  ])('%s is one list', (query, values) => {
    const { filters } = parseListQuery(`/x?${query}`, settings);
    expect(filters.map((filter) => filter.values)).toEqual([values]);
  });

  test('lists of fields and orders may be split over several parameters', () => {
    const { fields, order } = parseListQuery('/x?fields=name&fields[]=email,id&order=name+desc&order[1]=id&', settings);
    expect([Object.keys(fields ?? {}), order]).toEqual([['name', 'email', 'id'], 'name desc,id']);
  });

  test('limits come from the settings', () => {
    const narrow = parseSettings({ 'limit.default': 50, 'limit.max': 20 });
    expect(parseListQuery('/x', narrow).limit).toBe(20);
    expect(refusalOf(() => parseListQuery('/x?limit=21', narrow)).message).toContain('from 1 to 20');
  });
});

describe('fields', () => {
  test('fields become a tree', () => {
    expect(parseFields('name, partner_id.email,partner_id.country_id.code,line_ids,line_ids.qty')).toEqual({
      name: {},
      partner_id: { fields: { email: {}, country_id: { fields: { code: {} } } } },
      line_ids: { fields: { qty: {} } },
    });
  });

  test('fields may have any name, even __proto__', () => {
    const tree = parseFields('__proto__.constructor');
    expect(Object.keys(tree)).toEqual(['__proto__']);
    expect(JSON.stringify(tree)).toBe('{"__proto__":{"fields":{"constructor":{}}}}');
    expect(({} as Record<string, unknown>)['fields']).toBeUndefined();
  });

  test.each(['', 'a..b', '.a', 'a.', 'a b', 'a;b', "a'", '1a', 'a,,b', 'a.b.c.d.e.f.g.h.i.j'])('"%s" is refused', (text) => {
    expect(refusalOf(() => parseFields(text)).reason).toBe('query.fields');
  });
});

describe('a domain', () => {
  function refused(text: string, message: string): void {
    const refusal = refusalOf(() => parseDomain(text));
    expect(refusal.reason).toBe('query.domain');
    expect(refusal.message).toContain(message);
  }

  test.each([
    '[]',
    '[["name","=","x"]]',
    '["|",["a","=",1],["b","=",2]]',
    '["&","|",["a","=",1],["b","=",2],"!",["c","in",[1,2,3]]]',
    '[["a","=",1],["b","=",2]]',
    '[["line_ids","any",[["product_id.name","ilike","desk"]]]]',
    '[[1,"=",1],[0,"=",1]]',
  ])('%s is well-formed', (text) => {
    expect(parseDomain(text)).toEqual(JSON.parse(text));
  });

  test("null becomes Odoo's false, in lists, too", () => {
    expect(parseDomain('[["parent_id","=",null],["x","in",[null,1]]]')).toEqual([
      ['parent_id', '=', false],
      ['x', 'in', [false, 1]],
    ]);
  });

  test.each([
    ['{}', 'domain must be a list'],
    ['"name"', 'domain must be a list'],
    ['[[]]', 'domain[0] must be a condition'],
    ['[["a","="]]', 'domain[0] must be a condition'],
    ['[["a","=",1,2]]', 'domain[0] must be a condition'],
    ['["a","=",1]', 'domain[0] must be a condition, "&", "|" or "!", not "a"'],
    ['[["a","~",1]]', 'domain[0][1] is not an operator: "~"'],
    ['[["a","any!",[]]]', 'domain[0][1] is not an operator: "any!"'],
    ['[["a","not any!",[]]]', 'domain[0][1] is not an operator'],
    ['[["a b","=",1]]', 'domain[0][0] must be a field'],
    ['[[1,"=",2]]', 'domain[0][0] must be a field'],
    ['["|",["a","=",1]]', 'is missing a condition'],
    ['["&","|"]', 'is missing 3 conditions'],
    ['["!"]', 'is missing a condition'],
    ['[["a","=",{"b":1}]]', 'domain[0][2] must be a value'],
    ['[["a","in",[[1]]]]', 'domain[0][2] must be a value'],
    ['[["a","any",[["b","~",1]]]]', 'domain[0][2][0][1] is not an operator'],
    ['[["a","=","\\u0000"]]', 'null character'],
  ])('%s is refused: %s', refused);

  test('a domain that is too deep or too long is refused', () => {
    refused(`${'[["a","any",'.repeat(30)}[]${']]'.repeat(30)}`, 'nested more than 20 deep');
    refused(JSON.stringify(Array.from({ length: 501 }, () => ['a', '=', 1])), 'more than 500 terms');
  });
});

test.each([
  ['ir.rule', false],
  ['ir.rules', true],
  ['gateway.key', false],
  ['gateway', true],
  ['res.partner', true],
])('%s is exposed: %s', (model, exposed) => {
  expect(isExposed(model, ['ir.rule', 'gateway.*'])).toBe(exposed);
});

test('a setting that makes no sense is replaced by its default', () => {
  expect(parseSettings({ 'limit.default': -5, 'limit.max': 'many', 'body.max_bytes': 1000, unknown: 1 })).toMatchObject({
    'limit.default': 80,
    'limit.max': 1000,
    'body.max_bytes': 1000,
  });
});

describe('a search by a body', () => {
  test('a body is equivalent to the query with the same members', () => {
    const body = {
      domain: [['name', '=', 'A&B']],
      filter: { 'country_id.code': 'BE', name: { in: ['Doe, "J"', 'Roe'] }, color: { gt: 3 } },
      fields: ['name', 'email'],
      limit: 5,
      archived: 'only',
    };
    const same = {
      domain: '[["name","=","A&B"]]',
      'filter[country_id.code]': 'BE',
      'filter[name][in]': '"Doe, ""J""",Roe',
      'filter[color][gt]': '3',
      fields: 'name,email',
      limit: '5',
      archived: 'only',
    };
    expect(parseListQuery(`/x?${queryOf(body)}`, settings)).toEqual(list(same));
  });

  test.each([
    [{ limit: [1] }, 'body.form', 'limit must be'],
    [{ fields: [{}] }, 'body.form', 'fields[0] must be'],
    [{ filter: { name: { in: [null] } } }, 'body.form', 'filter[name][in] must be'],
    [{ args: 'x' }, 'query.unknown', '"args"'],
    [{ limit: 1.5 }, 'query.limit', '"1.5"'],
  ])('%j is refused: %s', (body, reason, culprit) => {
    const refusal = refusalOf(() => parseListQuery(`/x?${queryOf(body)}`, settings));
    expect(refusal).toEqual({ reason, message: expect.stringContaining(culprit) });
  });
});

test('the URL of the next page has no character at which parsers of Link headers would cut it', () => {
  const url = '/x?fields=a,b&filter[name][in]="Doe;%20J=",b&domain=[["a","=",1]]';
  expect(pageAfter(url, parseListQuery(url, settings), 1000, 'a.b-c')).toMatch(/^\/x(?:[?&][\w.%-]+=[\w.+%-]+)+$/);
});
