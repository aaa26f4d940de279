// Sends a whole list as one answer, in NDJSON or CSV, using constant memory.

import { GatewayError } from '../errors.ts';
import type { FieldTree, TypesOf } from '../executor/operations.ts';
import { jsonLine } from '../json.ts';
import type { Answer, RequestContext } from '../pipeline/context.ts';
import { wholeNumber } from '../pipeline/query.ts';
import type { Collection, Parts, Row, Search } from '../records/collection.ts';
import { readListQuery } from '../records/list_query.ts';
import type { Column, Naming } from './csv.ts';
import { byName, columnsOf, csvLine } from './csv.ts';
import type { Page } from './pages.ts';
import { pagesOf } from './pages.ts';

const formats = { ndjson: 'application/x-ndjson', csv: 'text/csv' } as const;
export type Format = keyof typeof formats;

const everything = { 'limit.default': Number.MAX_SAFE_INTEGER, 'limit.max': Number.MAX_SAFE_INTEGER };
const parameters = ['domain', 'archived', 'fields', 'limit', 'after', 'header', 'formulas'] as const;

/** The requested format; undefined: a normal page. */
export function wantedFormat({ request }: RequestContext): Format | undefined {
  const { accept } = request.headers;
  if (accept === undefined || !/ndjson|csv/i.test(accept)) return undefined;
  const chosen = request.accepts('application/json', formats.ndjson, formats.csv);
  if (chosen === formats.csv) return 'csv';
  return chosen === formats.ndjson ? 'ndjson' : undefined;
}

/** Throws the errors of a list, and `export.format`. If an error occurs after the answer has begun, the answer is cut off. */
export async function exportOf(parts: Parts, collection: Collection, context: RequestContext, format: Format): Promise<Answer> {
  const { query, given } = readListQuery(context.asked.url, everything, parameters);
  const search = await collection.search(context, query);
  const pages = pagesOf(parts, context, search, { after: afterOf(given.after), most: query.limit });
  if (format === 'ndjson') {
    for (const name of ['header', 'formulas'] as const) {
      if (given[name] !== undefined) throw new GatewayError('export.format', { message: `${name} can be used only with CSV.` });
    }
    return streamed(format, ndjson(context, pages, search.present));
  }
  const isGuarded = chosen('formulas', given.formulas, ['guarded', 'kept']) === 'guarded';
  const withLabels = chosen('header', given.header, ['names', 'labels']) === 'labels';
  const naming = withLabels ? await labels(parts, context, search) : byName;
  return streamed(format, csv(parts, context, pages, { search, naming, isGuarded, hasHeader: given.after === undefined }));
}

/** The ids of a list with the time of each record's last write, for checking a copy. */
export async function idsOf(parts: Parts, collection: Collection, context: RequestContext): Promise<Answer> {
  const { query, given } = readListQuery(context.asked.url, everything, ['domain', 'archived', 'limit', 'after']);
  const search = await collection.search(context, query);
  const { write_date: version } = (await parts.shapes.types(context, [search.model]))(search.model);
  const fields: FieldTree = version === undefined ? {} : { write_date: {} };
  const range = { after: afterOf(given.after), most: query.limit };
  const pages = pagesOf(parts, context, { ...search, fields }, range);
  return streamed(
    'ndjson',
    ndjson(context, pages, (row) => ({ id: row['id'], version: row['write_date'] ?? null })),
  );
}

function streamed(format: Format, pieces: AsyncIterable<string>): Answer {
  return { status: 200, body: undefined, type: `${formats[format]}; charset=utf-8`, pieces };
}

async function* ndjson(context: RequestContext, pages: AsyncIterable<Page>, present?: Search['present']): AsyncGenerator<string> {
  for await (const { rows, omitted } of pages) {
    sayOmitted(context, omitted);
    yield* inPieces(rows, (row) => `${jsonLine(present === undefined ? row : present(row))}\n`);
  }
}

/** V8 would store longer strings in a separate part of its heap, and free them late. */
const pieceCharacters = 32_768;

function* inPieces(rows: readonly Row[], lineOf: (row: Row) => string): Generator<string> {
  let text = '';
  for (const row of rows) {
    text += lineOf(row);
    if (text.length < pieceCharacters) continue;
    yield text;
    text = '';
  }
  yield text;
}

interface CsvOptions {
  readonly search: Search;
  readonly naming: Naming;
  readonly isGuarded: boolean;
  readonly hasHeader: boolean;
}

async function* csv(
  parts: Parts,
  context: RequestContext,
  pages: AsyncIterable<Page>,
  { search, naming, isGuarded, hasHeader }: CsvOptions,
): AsyncGenerator<string> {
  let columns: readonly Column[] | undefined;
  for await (const { rows, names, omitted } of pages) {
    sayOmitted(context, omitted);
    if (columns === undefined) {
      columns = await columnsFor(parts, context, search, names, naming);
      const headers = columns.map(({ header }) => header);
      if (hasHeader) yield csvLine(headers, isGuarded);
    }
    const cells = columns.map(({ cell }) => cell);
    const lineOf = (row: Row) =>
      csvLine(
        cells.map((cell) => cell(row)),
        isGuarded,
      );
    yield* inPieces(rows, lineOf);
  }
}

async function columnsFor(
  { shapes }: Parts,
  context: RequestContext,
  { model, fields: tree = {}, present }: Search,
  names: readonly string[],
  naming: Naming,
): Promise<Column[]> {
  const typesOf = await shapes.typesBehind(context, model, tree, names);
  const shown = publicNames(present, names);
  const renamed: Naming = {
    ...naming,
    of: (of, field) => (of === model && naming === byName ? (shown.get(field) ?? field) : naming.of(of, field)),
  };
  return columnsOf(model, names, tree, typesOf, renamed);
}

/** A resource's field names, by the fields of the model. */
function publicNames(present: Search['present'], names: readonly string[]): ReadonlyMap<string, string> {
  if (present === undefined) return new Map();
  const shown = present(Object.fromEntries(names.map((name) => [name, name])) as Row);
  return new Map(Object.entries(shown).flatMap(([name, field]) => (typeof field === 'string' ? [[field, name] as const] : [])));
}

/** The labels of fields in the caller's forms in Odoo, in its language. */
async function labels({ odoo, shapes }: Parts, context: RequestContext, { model, fields, grant }: Search): Promise<Naming> {
  const typesOf = await shapes.typesBehind(context, model, fields, []);
  const models = [model, ...reached(model, fields, typesOf)];
  const [described] = await odoo.read(context, [{ op: 'describe', models: [...new Set(models)] }], grant);
  const known = described as Readonly<Record<string, Readonly<Record<string, { string?: string }>>>>;
  return { separator: ' / ', of: (of, field) => (field === 'id' ? 'ID' : (known[of]?.[field]?.string ?? field)) };
}

function reached(model: string, tree: FieldTree | undefined, typesOf: TypesOf): string[] {
  const types = typesOf(model);
  return Object.entries(tree ?? {}).flatMap(([name, { fields }]) => {
    const relation = Object.hasOwn(types, name) ? types[name]?.relation : undefined;
    return fields === undefined || relation === undefined ? [] : [relation, ...reached(relation, fields, typesOf)];
  });
}

function sayOmitted({ headers }: RequestContext, omitted: readonly string[]): void {
  if (omitted.length > 0 && !headers.includes('X-Gateway-Omitted')) headers.push('X-Gateway-Omitted', omitted.join(', '));
}

function afterOf(text: string | undefined): number {
  const after = text === undefined ? 0 : wholeNumber(text);
  if (after === undefined || after > 2_147_483_647) {
    const message = `after must be the id of the last record that you have, not "${text}".`;
    throw new GatewayError('query.after', { message, details: { after: text } });
  }
  return after;
}

function chosen<Choice extends string>(name: string, given: string | undefined, choices: readonly [Choice, ...Choice[]]): Choice {
  const found = given === undefined ? choices[0] : choices.find((choice) => choice === given);
  if (found !== undefined) return found;
  const message = `${name} must be ${choices.join(' or ')}, not "${given}".`;
  throw new GatewayError('export.format', { message, details: { [name]: given } });
}
