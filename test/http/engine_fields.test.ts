// Every type of field: the ORM has the values written through the API, values that were read can be written back, and
// writing them back changes nothing.

import { beforeAll, describe, expect, test } from 'vitest';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const { admin } = gateway.keys;
type Row = Record<string, unknown>;
const model = 'x_field_types';

function send(method: string, path: string, body: unknown, headers: Record<string, string> = {}) {
  return gateway.request(method, path, {
    key: admin,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

async function orm(of: string, id: number, field: string, context: Row = {}): Promise<unknown> {
  const [row] = await gateway.orm<Row[]>(of, 'read', { ids: [id], fields: [field], context });
  return row?.[field];
}

beforeAll(async () => {
  const selection = (...values: string[]) => values.map((value) => [0, 0, { value, name: value }]);
  const fields: [string, string, Row][] = [
    ['x_name', 'char', { translate: 'standard' }],
    ['x_text', 'text', {}],
    ['x_html', 'html', {}],
    ['x_integer', 'integer', {}],
    ['x_float', 'float', {}],
    ['x_currency_id', 'many2one', { relation: 'res.currency' }],
    ['x_monetary', 'monetary', { currency_field: 'x_currency_id' }],
    ['x_boolean', 'boolean', {}],
    ['x_date', 'date', {}],
    ['x_datetime', 'datetime', {}],
    ['x_selection', 'selection', { selection_ids: selection('low', 'high') }],
    ['x_binary', 'binary', {}],
    ['x_country_id', 'many2one', { relation: 'res.country' }],
    ['x_tag_ids', 'many2many', { relation: 'res.partner.category' }],
    ['x_reference', 'reference', { selection_ids: selection('res.partner', 'res.country') }],
    ['x_company_text', 'char', { company_dependent: true }],
  ];
  const [made] = await gateway.orm<number[]>('ir.model', 'create', {
    vals_list: [
      {
        name: model,
        model,
        field_id: fields.map(([name, ttype, more]) => [0, 0, { name, ttype, field_description: name, ...more }]),
        access_ids: [[0, 0, { name: 'all', perm_read: true, perm_write: true, perm_create: true, perm_unlink: true }]],
      },
    ],
  });
  const field = (values: Row) => gateway.orm('ir.model.fields', 'create', { vals_list: [{ model_id: made, ...values }] });
  await field({ name: 'x_parent_id', ttype: 'many2one', relation: model, field_description: 'Parent' });
  await field({
    name: 'x_child_ids',
    ttype: 'one2many',
    relation: model,
    relation_field: 'x_parent_id',
    field_description: 'Children',
  });
  await until('the model', async () => (await gateway.get(`/api/v1/${model}?limit=1`, { key: admin })).status === 200, 30_000);
}, 120_000);

describe('values of a field', () => {
  test.each<[string, unknown, unknown, unknown]>([
    // field, written through the API, stored by the ORM, read through the API
    ['x_name', 'Zoë "&" <b>', 'Zoë "&" <b>', 'Zoë "&" <b>'],
    ['x_text', 'one\ntwo', 'one\ntwo', 'one\ntwo'],
    ['x_html', '<p>One <b>two</b></p>', '<p>One <b>two</b></p>', '<p>One <b>two</b></p>'],
    ['x_integer', -2_147_483_648, -2_147_483_648, -2_147_483_648],
    ['x_float', 1 / 3, 1 / 3, 1 / 3],
    ['x_monetary', 12.5, 12.5, 12.5],
    ['x_boolean', true, true, true],
    ['x_boolean', false, false, false],
    ['x_date', '2026-02-28', '2026-02-28', '2026-02-28'],
    ['x_datetime', '2026-11-22T10:00:00+02:00', '2026-11-22 08:00:00', '2026-11-22T08:00:00Z'],
    ['x_selection', 'high', 'high', 'high'],
    ['x_binary', 'aGVsbG8=', 'aGVsbG8=', 'aGVsbG8='],
    ['x_country_id', 20, [20, 'Belgium'], { id: 20, name: 'Belgium' }],
    ['x_country_id', { id: 20, name: 'Belgium' }, [20, 'Belgium'], { id: 20, name: 'Belgium' }],
    ['x_tag_ids', [1], [1], [1]],
    ['x_tag_ids', [{ id: 2 }], [2], [2]],
    ['x_reference', { model: 'res.country', id: 20 }, 'res.country,20', { model: 'res.country', id: 20 }],
    ['x_reference', 'res.partner,1', 'res.partner,1', { model: 'res.partner', id: 1 }],
    ['x_company_text', 'mine', 'mine', 'mine'],
    ...['x_name', 'x_text', 'x_html', 'x_date', 'x_datetime', 'x_selection', 'x_binary', 'x_country_id', 'x_reference'].map(
      (name): [string, unknown, unknown, unknown] => [name, null, false, null],
    ),
    ['x_tag_ids', null, [], []],
    ['x_company_text', null, false, null],
  ])('%s: %j', async (field, written, held, read) => {
    const created = await send('POST', `/api/v1/${model}?fields=${field}`, { x_currency_id: 1, [field]: written });
    expect(created.status, created.text).toBe(201);
    const { id } = created.json.data;
    expect(created.json.data).toEqual({ id, [field]: read });
    expect(await orm(model, id, field)).toEqual(held);
    const path = `/api/v1/${model}/${id}?fields=${field}`;
    expect((await gateway.get(path, { key: admin })).json.data).toEqual({ id, [field]: read });
    const back = await send('PUT', path, { [field]: read });
    expect([back.status, back.json.data]).toEqual([200, { id, [field]: read }]);
    expect(await orm(model, id, field)).toEqual(held);
  });

  test('nested records are written, read and written back', async () => {
    const fields = 'fields=x_child_ids.x_name,x_child_ids.x_date';
    const created = await send('POST', `/api/v1/${model}?${fields}`, {
      x_name: 'parent',
      x_child_ids: [{ x_name: 'a', x_date: '2026-01-01' }, { x_name: 'b' }],
    });
    const { id, x_child_ids: children } = created.json.data;
    expect(children).toMatchObject([
      { x_name: 'a', x_date: '2026-01-01' },
      { x_name: 'b', x_date: null },
    ]);
    expect(await orm(model, id, 'x_child_ids')).toEqual(children.map((child: Row) => child['id']));
    const back = await send('PUT', `/api/v1/${model}/${id}?${fields}`, { x_child_ids: children });
    expect(back.json.data.x_child_ids).toEqual(children);
  });

  test('a translated text has a value in each language, a company-dependent one in each company', async () => {
    const [languageId] = await gateway.orm<number[]>('res.lang', 'search', {
      domain: [['code', '=', 'fr_FR']],
      context: { active_test: false },
    });
    await gateway.orm('res.lang', 'write', { ids: [languageId], vals: { active: true } });
    const { id } = (await send('POST', `/api/v1/${model}`, { x_name: 'cheese', x_company_text: 'first' })).json.data;
    const rename = (name: string, headers: Record<string, string>) =>
      send('PATCH', `/api/v1/${model}/${id}?fields=x_name`, { x_name: name }, headers);
    const french = await rename('fromage', { 'Content-Language': 'fr-FR' });
    expect([french.json.data.x_name, french.headers.get('content-language')]).toEqual(['fromage', 'fr-FR']);
    const browser = await rename('cheddar', { 'Accept-Language': 'fr-FR, en;q=0.5' });
    expect([browser.json.data.x_name, browser.headers.get('content-language')]).toEqual(['cheddar', 'en-US']);
    expect(await orm(model, id, 'x_name', { lang: 'fr_FR' })).toBe('fromage');
    expect(await orm(model, id, 'x_name', { lang: 'en_US' })).toBe('cheddar');
    const read = await gateway.get(`/api/v1/${model}/${id}?fields=x_name`, {
      key: admin,
      headers: { 'Accept-Language': 'fr_FR' },
    });
    expect([read.json.data.x_name, read.headers.get('content-language')]).toEqual(['fromage', 'fr-FR']);
    const call = { model, method: 'write', args: [[id], { x_name: 'brie' }], kwargs: { context: { lang: 'fr-fr' } } };
    const called = await send('POST', '/call', call, { 'X-Odoo-Language': 'en_US' });
    expect(called.headers.get('content-language')).toBe('fr-FR');
    expect([await orm(model, id, 'x_name', { lang: 'fr_FR' }), await orm(model, id, 'x_name')]).toEqual(['brie', 'cheddar']);
    const batch = [{ op: 'update', model, ids: id, values: { x_name: 'edam' } }];
    const inBatch = await send('POST', '/api/v1/batch', batch, { 'Accept-Language': 'fr-FR' });
    expect(inBatch.headers.get('content-language')).toBe('en-US');
    expect([await orm(model, id, 'x_name', { lang: 'fr_FR' }), await orm(model, id, 'x_name')]).toEqual(['brie', 'edam']);
    for (const language of ['xx', 'fr-BE', 'de_DE']) {
      const { status, json } = await rename('nothing', { 'X-Odoo-Language': language });
      expect([status, json.error.details.installed]).toEqual([400, ['en_US', 'fr_FR']]);
    }
    for (const language of ['', 'fr, en', 'é']) {
      expect((await rename('nothing', { 'Content-Language': language })).json.error.reason).toBe('request.header');
    }

    const [second] = await gateway.orm<number[]>('res.company', 'create', { vals_list: [{ name: 'Second' }] });
    await gateway.orm('res.users', 'write', { ids: [2], vals: { company_ids: [[4, second]] } });
    const headers = { 'X-Odoo-Company': String(second) };
    await send('PATCH', `/api/v1/${model}/${id}`, { x_company_text: 'second' }, headers);
    expect(await orm(model, id, 'x_company_text', { allowed_company_ids: [second] })).toBe('second');
    expect(await orm(model, id, 'x_company_text', { allowed_company_ids: [1] })).toBe('first');
    const text = await gateway.get(`/api/v1/${model}/${id}?fields=x_company_text`, { key: admin, headers });
    expect(text.json.data.x_company_text).toBe('second');
  });
});

test('properties are written by name, read with their definitions, and written back', async () => {
  const [project] = await gateway.orm<number[]>('project.project', 'create', {
    vals_list: [
      {
        name: 'With properties',
        task_properties_definition: [
          { name: 'note', string: 'Note', type: 'char' },
          { name: 'due', string: 'Due', type: 'datetime' },
          { name: 'who', string: 'Who', type: 'many2one', comodel: 'res.partner' },
          { name: 'done', string: 'Done', type: 'boolean' },
        ],
      },
    ],
  });
  const created = await send('POST', '/api/v1/project.task?fields=task_properties', {
    name: 'Task',
    project_id: project,
    task_properties: { note: 'hello', due: '2026-11-22 10:00:00', who: 1, done: true },
  });
  expect(created.status, created.text).toBe(201);
  const { id, task_properties: properties } = created.json.data;
  const values = Object.fromEntries(properties.map(({ name, value }: { name: string; value: unknown }) => [name, value]));
  expect(values).toMatchObject({ note: 'hello', due: '2026-11-22T10:00:00Z', who: { id: 1 }, done: true });
  const held = await orm('project.task', id, 'task_properties');
  expect(held).toMatchObject([
    { name: 'note', value: 'hello' },
    { value: '2026-11-22 10:00:00' },
    { value: [1, expect.any(String)] },
    {},
  ]);
  const back = await send('PATCH', `/api/v1/project.task/${id}?fields=task_properties`, { task_properties: properties });
  expect([back.status, back.json.data?.task_properties]).toEqual([200, properties]);
  expect(await orm('project.task', id, 'task_properties')).toEqual(held);
});

test('a many2one_reference (an id whose model is in another field) and JSON can be written', async () => {
  const attachment = await send('POST', '/api/v1/ir.attachment?fields=res_model,res_id,datas', {
    name: 'a.txt',
    datas: 'aGVsbG8=',
    res_model: 'res.partner',
    res_id: { id: 1 },
  });
  expect(attachment.json.data).toMatchObject({ res_model: 'res.partner', res_id: 1, datas: 'aGVsbG8=' });
  expect(await orm('ir.attachment', attachment.json.data.id, 'res_id')).toBe(1);
  const none = await send('PATCH', `/api/v1/ir.attachment/${attachment.json.data.id}?fields=res_id`, { res_id: null });
  expect(none.json.data.res_id).toBeNull();

  const [line] = await gateway.orm<Row[]>('sale.order.line', 'search_read', {
    domain: [['display_type', '=', false]],
    fields: ['id'],
    limit: 1,
  });
  const [account] = await gateway.orm<number[]>('account.analytic.account', 'search', { domain: [], limit: 1 });
  const path = `/api/v1/sale.order.line/${line?.['id']}?fields=analytic_distribution`;
  const distribution = { [String(account)]: 100 };
  const changed = await send('PATCH', path, { analytic_distribution: distribution });
  expect(changed.status, changed.text).toBe(200);
  expect(changed.json.data.analytic_distribution).toEqual(distribution);
  expect(await orm('sale.order.line', Number(line?.['id']), 'analytic_distribution')).toEqual(distribution);
  expect((await send('PATCH', path, { analytic_distribution: null })).json.data.analytic_distribution).toBeNull();
});
