// The topics of the guide: the requests of REST first, then execute_kw.

import { _t } from '@web/core/l10n/translation';

export type Topic = 'read' | 'create' | 'batch' | 'call';

/** A request without its address and key. */
export interface Asked {
  method: 'GET' | 'POST';
  /** The path with its query. */
  path: string;
  body?: unknown;
  /** The answer's error is a string, not an object with a message. */
  hasPlainError?: boolean;
  /** The same request with the typed client: a call of the gateway, and the model whose types it needs. */
  typed: { model: string; call: string };
}

export interface Lesson {
  topic: Topic;
  name: string;
  asked: Asked;
  /** The title of the second step, what it shows, and its explanation. */
  second: { title: string; shown: string; text: string };
}

const typedBatch = `batch((batch) => {
  const company = batch.create("res.partner", { name: "Azure Interior" });
  const person = batch.create("res.partner", { name: "Brandon Freeman", parent_id: company.id });
  return { company, person };
})`;

/** @param model a model that the reader may read */
export function lessons(model: string): Lesson[] {
  const fields = model === 'sale.order' ? ['name', 'state'] : ['name', 'email'];
  const parameters = [`fields=${fields.join(',')}`, 'limit=5'];
  const create = { name: 'Azure Interior', email: 'azure@example.com' };
  const batch = [
    { id: 'company', op: 'create', model: 'res.partner', values: { name: 'Azure Interior' } },
    { op: 'create', model: 'res.partner', values: { name: 'Brandon Freeman', parent_id: { $ref: 'company.id' } } },
  ];
  const call = { model, method: 'search_read', args: [[]], kwargs: { limit: 5, fields } };
  const json = (body: unknown) => JSON.stringify(body, null, 2);
  const list = `[${fields.map((name) => `"${name}"`).join(', ')}]`;
  return [
    {
      topic: 'read',
      name: _t('Read'),
      asked: {
        method: 'GET',
        path: `/api/v1/${model}?${parameters.join('&')}`,
        typed: { model, call: `model("${model}").search({ fields: ${list}, limit: 5 })` },
      },
      second: {
        title: _t('Parameters'),
        shown: [...parameters, 'filter[name][ilike]=azure', 'order=name', 'offset=5'].join('\n'),
        text: _t('Each is optional. Empty values are null, relations are {"id", "name"}. One record: /api/v1/%s/<id>.', model),
      },
    },
    {
      topic: 'create',
      name: _t('Create'),
      asked: {
        method: 'POST',
        path: '/api/v1/res.partner',
        body: create,
        typed: { model: 'res.partner', call: `model("res.partner").create(${json(create)})` },
      },
      second: {
        title: _t('Body of the request'),
        shown: json(create),
        text: _t(
          'A list of objects creates several records. PATCH /api/v1/res.partner/<id> changes a record, DELETE deletes it.',
        ),
      },
    },
    {
      topic: 'batch',
      name: _t('Batch'),
      asked: {
        method: 'POST',
        path: '/api/v1/batch',
        body: batch,
        typed: { model: 'res.partner', call: typedBatch },
      },
      second: {
        title: _t('Body of the request'),
        shown: json(batch),
        text: _t('One transaction: all of it happens, or nothing. Later operations refer to earlier ones by their id.'),
      },
    },
    {
      topic: 'call',
      name: 'execute_kw',
      asked: {
        method: 'POST',
        path: '/call',
        body: call,
        hasPlainError: true,
        typed: { model, call: `model("${model}").call("search_count", { args: [[]] })` },
      },
      second: {
        title: _t('Body of the request'),
        shown: json(call),
        text: _t('Model, method and arguments are those of Odoo’s execute_kw. args and kwargs are optional.'),
      },
    },
  ];
}
