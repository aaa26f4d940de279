// The pulled types in TypeScript: a file for each model, and an index.

import { hasChoices, isInRow, isMany, isNeeded, mayBeNull } from './facts.ts';
import type { Named } from './names.ts';
import { namesOf } from './names.ts';
import type { Field, ModelSchema, Schema } from './schema.ts';

export interface Origin {
  readonly url: string;
  readonly hash: string;
  /** The name of this package, which the files import. */
  readonly client: string;
}

const inherited = new Set(Object.getOwnPropertyNames(Object.prototype));
const filters: Readonly<Record<string, string>> = {
  char: 'TextIs',
  text: 'TextIs',
  html: 'TextIs',
  boolean: 'BooleanIs',
  integer: 'NumberIs',
  float: 'NumberIs',
  monetary: 'NumberIs',
  many2one_reference: 'NumberIs',
  date: 'TimeIs',
  datetime: 'TimeIs',
  many2one: 'RecordIs',
  one2many: 'RecordIs',
  many2many: 'RecordIs',
};
const values = ['Link', 'LinkTo', 'LinksTo', 'Reference'];
const helpers = [...new Set([...values, ...Object.values(filters), 'ChoiceIs', 'AnythingIs'])].sort();

/** @returns the content of each file by its name */
export function typeScriptFiles(schema: Schema, origin: Origin): Map<string, string> {
  const names = namesOf(Object.keys(schema));
  const files = new Map<string, string>();
  for (const [model, described] of Object.entries(schema)) {
    const named = names.get(model) as Named;
    files.set(`${named.file}.ts`, modelFile(named, described, names, origin));
  }
  files.set('index.ts', indexFile([...names.values()], origin));
  return files;
}

function indexFile(names: readonly Named[], { url, hash }: Origin): string {
  const imports = names.map(({ type, file }) => `import type { ${type}Model } from './${file}.js';`);
  const exported = names.map(({ file }) => `export type * from './${file}.js';`);
  const entries = names.map(({ model, type }) => `  ${JSON.stringify(model)}: ${type}Model;`);
  return `${head(url)}
${imports.join('\n')}

${exported.join('\n')}

/** \`new Gateway<Models>({ … })\`. The hash of this schema is ${hash}. */
export type Models = {
${entries.join('\n')}
};
`;
}

const head = (url: string) => `// Written by \`pull\` from ${oneLine(url)}. Run it again instead of changing this file.\n`;

function modelFile({ model, type }: Named, { label, fields }: ModelSchema, names: ReadonlyMap<string, Named>, origin: Origin) {
  const entries = Object.entries(fields).filter(([name]) => name !== 'id');
  const writer = new Writer(type, names);
  const rows = entries.filter(([, field]) => isInRow(field));
  const others = entries.filter(([, field]) => !isInRow(field));
  const writable = entries.filter(([, field]) => field.readonly !== true);
  const needed = writable.filter(([, field]) => isNeeded(field));
  const relations = (toMany: boolean) => entries.filter(([, field]) => field.relation !== undefined && isMany(field) === toMany);
  const to = ([name, { relation }]: [string, Field]) => `  ${name}: ${JSON.stringify(relation)};`;
  const id = '  id: number;';
  const parts = [
    ...entries.filter(([, field]) => hasChoices(field)).map(([name, field]) => writer.choices(name, field)),
    block(`${label}, read without \`fields\`.`, `${type}Row`, [id, ...rows.map((entry) => writer.read(entry))]),
    block(
      `${label}: every field that \`fields\` may name.`,
      `${type}Fields extends ${type}Row`,
      others.map((entry) => writer.read(entry)),
    ),
    block(
      `Changes of ${label}.`,
      `${type}Update`,
      writable.map((entry) => writer.write(entry)),
    ),
    block(
      `A new ${label}.`,
      `${type}Create extends ${type}Update`,
      needed.map((entry) => writer.write(entry, true)),
    ),
    block('The filters that its fields allow.', `${type}Filter`, [
      '  id?: NumberIs;',
      ...entries.map((entry) => writer.filter(entry)),
    ]),
    block('The models behind its many2one fields.', `${type}One`, relations(false).map(to)),
    block('The models behind its lists.', `${type}Many`, relations(true).map(to)),
    block('The types of its fields, as Odoo calls them.', `${type}Types`, [
      "  id: 'integer';",
      ...entries.map(([name, field]) => `  ${name}: ${JSON.stringify(field.type)};`),
    ]),
    block('The names of its fields, by their types.', `${type}Of`, byType(entries)),
    block(`\`${model}\``, `${type}Model`, [
      ...[
        'row: Row',
        'all: Fields',
        'filter: Filter',
        'create: Create',
        'update: Update',
        'types: Types',
        'of: Of',
        'one: One',
        'many: Many',
      ].map((line) => `  ${line};`.replace(': ', `: ${type}`)),
    ]),
  ];
  const body = parts.join('\n');
  const used = helpers.filter((name) => new RegExp(`\\b${name}\\b`).test(body.replaceAll(/\/\*\*[\s\S]*?\*\//g, '')));
  const imports = [
    ...(used.length > 0 ? [`import type { ${used.join(', ')} } from '${origin.client}';`] : []),
    ...writer.imports(),
  ];
  return `${head(origin.url)}\n${imports.length > 0 ? `${imports.join('\n')}\n\n` : ''}${body}`;
}

function byType(entries: readonly [name: string, field: Field][]): string[] {
  const names = new Map([['integer', ['id']]]);
  for (const [name, { type }] of entries) names.set(type, [...(names.get(type) ?? []), name]);
  return [...names].map(([type, some]) => `  ${JSON.stringify(type)}: ${some.map((name) => JSON.stringify(name)).join(' | ')};`);
}

/** Writes the members of a model's types. */
class Writer {
  readonly #type: string;
  readonly #names: ReadonlyMap<string, Named>;
  readonly #used = new Map<string, Set<string>>();

  constructor(type: string, names: ReadonlyMap<string, Named>) {
    this.#type = type;
    this.#names = names;
  }

  imports(): string[] {
    return [...this.#used].sort().map(([file, types]) => `import type { ${[...types].sort().join(', ')} } from './${file}.js';`);
  }

  choices(name: string, field: Field): string {
    const { selection = [], choices_vary: vary } = field;
    const values = selection.map(([value]) => JSON.stringify(value));
    const labels = selection.map(([value, label]) => `${JSON.stringify(value)}: ${label}`);
    const open = vary === true ? ' | (string & {})' : '';
    return `${comment([`${field.string ?? name}:`, ...labels], '')}export type ${this.#choice(name)} = ${values.join(' | ')}${open};\n`;
  }

  read([name, field]: [string, Field]): string {
    return `${documented(field)}  ${name}: ${this.#readType(name, field)}${mayBeNull(field) ? ' | null' : ''};`;
  }

  write([name, field]: [string, Field], isNew = false): string {
    // Every object inherits a function of this name. If the property had a type, an object without it would have a value of the
    // wrong type.
    if (!isNew && inherited.has(name)) return `${documented(field)}  ${name}?: unknown;`;
    const orNull = field.required === true || isMany(field) ? '' : ' | null';
    return `${documented(field)}  ${name}${isNew ? '' : '?'}: ${this.#writeType(name, field)}${orNull};`;
  }

  filter([name, field]: [string, Field]): string {
    if (inherited.has(name)) return `  ${name}?: unknown;`;
    const { type } = field;
    const operand =
      type === 'selection'
        ? `ChoiceIs<${this.#readType(name, field)}>`
        : Object.hasOwn(filters, type)
          ? filters[type]
          : undefined;
    return `  ${name}?: ${operand ?? 'AnythingIs'};`;
  }

  #choice(name: string): string {
    return `${this.#type}_${name}`;
  }

  #readType(name: string, field: Field): string {
    switch (field.type) {
      case 'boolean':
        return 'boolean';
      case 'integer':
      case 'float':
      case 'monetary':
      case 'many2one_reference':
        return 'number';
      case 'selection':
        return hasChoices(field) ? this.#choice(name) : 'string';
      case 'many2one':
        return 'Link';
      case 'one2many':
      case 'many2many':
        return 'number[]';
      case 'reference':
        return 'Reference';
      case 'properties':
      case 'properties_definition':
        return 'Record<string, unknown>[]';
      case 'json':
        return 'unknown';
      default:
        return 'string';
    }
  }

  #writeType(name: string, field: Field): string {
    const { type, relation = '' } = field;
    if (type === 'many2one') return `LinkTo<${JSON.stringify(relation)}>`;
    if (isMany(field)) return this.#linksTo(field);
    if (type === 'properties') return 'Record<string, unknown> | Record<string, unknown>[]';
    return this.#readType(name, field);
  }

  #linksTo({ relation = '', relation_field: back }: Field): string {
    const other = this.#names.get(relation);
    if (other === undefined) return `LinksTo<${JSON.stringify(relation)}>`;
    const types = [`${other.type}Create`, `${other.type}Update`];
    if (other.type !== this.#type) {
      const used = this.#used.get(other.file) ?? new Set();
      for (const type of types) used.add(type);
      this.#used.set(other.file, used);
    }
    // A new line that is written inside an order does not need the order's id.
    const [created, updated] = types;
    const line = back === undefined ? created : `Omit<${created}, ${JSON.stringify(back)}>`;
    return `LinksTo<${JSON.stringify(relation)}, ${line}, ${updated}>`;
  }
}

function block(text: string, declared: string, members: readonly string[]): string {
  return `${comment([text], '')}export interface ${declared} {${members.length > 0 ? `\n${members.join('\n')}\n` : ''}}\n`;
}

function documented({ string: label = '', help }: Field): string {
  return comment([label, ...(help ?? '').split('\n')], '  ');
}

/** A comment with labels and help texts, which users may have written. */
function comment(lines: readonly string[], indent: string): string {
  const texts = lines.map((line) => oneLine(line)).filter((line) => line !== '');
  if (texts.length === 0) return '';
  if (texts.length === 1) return `${indent}/** ${texts[0]} */\n`;
  return `${indent}/**\n${texts.map((text) => `${indent} * ${text}\n`).join('')}${indent} */\n`;
}

/** One line of a comment. It cannot end the comment. */
const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll('*/', '* /').trim();
