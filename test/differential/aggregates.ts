// Random questions for /api/v1/<model>/aggregate, each answer compared with that of Odoo's own `formatted_read_group`.

import { isDeepStrictEqual } from 'node:util';
import type { Instance } from '../helpers/instance.ts';

type Row = Record<string, unknown>;

interface Subject {
  readonly groups: readonly string[];
  readonly measures: readonly string[];
  readonly domains: readonly (readonly unknown[])[];
}

const times = ['day', 'week', 'month', 'quarter', 'year'];
const timesOf = (field: string) => times.map((size) => `${field}:${size}`);

const subjects: Readonly<Record<string, Subject>> = {
  'sale.order': {
    groups: [
      'state',
      'user_id',
      'partner_id',
      'partner_id.country_id',
      'tag_ids',
      ...timesOf('date_order'),
      'date_order:month_number',
    ],
    measures: ['amount_total:sum', 'amount_total:avg', 'amount_untaxed:max', 'date_order:min', 'partner_id:count_distinct'],
    domains: [
      [],
      [['state', 'in', ['draft', 'sent', 'sale']]],
      [['amount_total', '>', 500]],
      [['partner_id.is_company', '=', true]],
    ],
  },
  'res.partner': {
    groups: [
      'is_company',
      'country_id',
      'country_id.code',
      'parent_id',
      'category_id',
      'lang',
      'city',
      ...timesOf('create_date'),
    ],
    measures: ['color:sum', 'color:max', 'write_date:max', 'id:count', 'active:bool_and', 'country_id:count'],
    domains: [[], [['email', '!=', false]], [['is_company', '=', true]], [['name', 'ilike', 'a']]],
  },
  'project.task': {
    groups: ['project_id', 'stage_id', 'priority', 'user_ids', 'tag_ids', ...timesOf('date_deadline'), ...timesOf('create_date')],
    measures: ['allocated_hours:sum', 'sequence:avg', 'date_deadline:max', 'id:count'],
    domains: [[], [['project_id', '!=', false]], [['priority', '=', '1']]],
  },
};
const zones = ['UTC', 'Europe/Brussels', 'America/Sao_Paulo', 'Pacific/Chatham', 'Africa/Cairo'];

export interface Question {
  readonly model: string;
  readonly group: readonly string[];
  readonly measures: readonly string[];
  readonly domain: readonly unknown[];
  readonly having: readonly unknown[];
  readonly order: string | undefined;
  readonly limit: number;
  readonly timezone: string;
}

/** Random questions; the same seed gives the same questions. */
export function questions(seed: number, count: number): Question[] {
  let state = seed >>> 0;
  const below = (most: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
  const one = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const some = <T>(list: readonly T[], most: number): T[] => [
    ...new Set(Array.from({ length: below(most + 1) }, () => one(list))),
  ];
  return Array.from({ length: count }, () => {
    const [model, subject] = one(Object.entries(subjects));
    const group = some(subject.groups, 3);
    const measures = ['__count', ...some(subject.measures, 3)];
    const order = below(2) === 0 || group.length === 0 ? undefined : `${one(measures)} desc, ${group.join(', ')}`;
    const having = below(4) === 0 ? [['__count', '>', below(4)]] : [];
    return { model, group, measures, domain: one(subject.domains), having, order, limit: 1 + below(60), timezone: one(zones) };
  });
}

/** How the gateway's answer differs from Odoo's; undefined if it does not, or if both refuse. */
export async function differenceOf(instance: Instance, question: Question, key: string): Promise<string | undefined> {
  const { model, group, measures, domain, having, order, limit, timezone } = question;
  const query = new URLSearchParams({
    measures: measures.join(','),
    domain: JSON.stringify(domain),
    having: JSON.stringify(having),
    limit: String(limit),
    ...(group.length === 0 ? {} : { group: group.join(',') }),
    ...(order === undefined ? {} : { order }),
  });
  const asked = { domain, groupby: group, aggregates: measures, having, order: order ?? null, limit };
  const [answer, expected] = await Promise.all([
    instance.get(`/api/v1/${model}/aggregate?${query}`, { key, headers: { 'X-Odoo-Timezone': timezone } }),
    instance
      .orm<Row[]>(model, 'formatted_read_group', { ...asked, context: { tz: timezone } }, key)
      .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))),
  ]);
  const isRefused = answer.status >= 400 && answer.status < 500;
  if (expected instanceof Error) return isRefused ? undefined : `${answer.status}, but Odoo refuses: ${expected.message}`;
  if (answer.status !== 200) return `${answer.status} ${answer.text.slice(0, 300)}`;
  if (answer.json.meta.timezone !== timezone) return `time zone ${answer.json.meta.timezone}`;
  const types = await instance.orm<Record<string, { type: string }>>(model, 'fields_get', { attributes: ['type'] });
  const groups: Row[] = answer.json.data;
  if (groups.length !== expected.length) return `${groups.length} groups, not ${expected.length}`;
  for (const [i, row] of groups.entries()) {
    for (const name of [...group, ...measures]) {
      const should = expected[i]?.[name];
      const is = group.includes(name) ? undone(row[name], types[name]?.type) : undoneMeasure(row[name]);
      if (!isDeepStrictEqual(is, group.includes(name) ? should : undoneMeasure(should))) {
        return `group ${i}, ${name}: ${JSON.stringify(row[name])} is not ${JSON.stringify(should)}`;
      }
    }
    const bounds = JSON.stringify(expected[i]?.['__extra_domain']);
    for (const name of group) {
      const { from, to } = (row[name] ?? {}) as { from?: string; to?: string };
      const missing = [from, to].find((time) => time !== undefined && !bounds.includes(`"${raw(time)}"`));
      if (missing !== undefined) return `group ${i}, ${name}: ${missing} is not a bound in ${bounds}`;
    }
  }
  return undefined;
}

const raw = (time: string) => time.replace('T', ' ').replace('Z', '');

/** A grouping's value as Odoo writes it. */
function undone(value: unknown, type: string | undefined): unknown {
  if (value === null) return false;
  if (typeof value !== 'object') return value;
  const { id, name, from, label, value: choice } = value as Row;
  if (id !== undefined) return [id, name];
  if (from !== undefined) return [raw(String(from)), label];
  return type === 'selection' || label !== undefined ? choice : value;
}

const undoneMeasure = (value: unknown) =>
  typeof value === 'string' ? raw(value) : typeof value === 'number' ? Number(value.toPrecision(12)) : (value ?? false);
