// The pulled types in Python: a module for each model, the client, and a package that joins them.

import { readFileSync } from 'node:fs';
import { hasChoices, isMany, isNeeded, mayBeNull } from './facts.ts';
import type { Named } from './names.ts';
import { namesOf, pythonKeywords } from './names.ts';
import type { Field, ModelSchema, Schema } from './schema.ts';
import type { Origin } from './typescript.ts';

type Entry = readonly [name: string, field: Field];

const clientFiles = ['client.py', 'errors.py', 'exchange.py', 'files.py', 'query.py', 'records.py'];

/** @returns the content of each file by its name */
export function pythonFiles(schema: Schema, origin: Origin): Map<string, string> {
  const names = namesOf(Object.keys(schema));
  const files = new Map(
    clientFiles.map((name) => [name, readFileSync(new URL(`python_package/${name}`, import.meta.url), 'utf8')]),
  );
  for (const [model, described] of Object.entries(schema)) {
    const named = names.get(model) as Named;
    files.set(`${named.file}.py`, moduleOf(named, described, origin));
  }
  files.set('__init__.py', packageOf([...names.values()], origin));
  files.set('py.typed', '');
  return files;
}

const head = ({ url }: Origin) =>
  `# Written by \`pull --python\` from ${oneLine(url)}. Run it again instead of changing this file.`;

function packageOf(names: readonly Named[], origin: Origin): string {
  const imports = names.map(({ file, type }) => `from .${file} import ${parts(type).join(', ')}`);
  const properties = names.map(
    ({ model, file, type }) => `    @property
    def ${file}(self) -> Model[${parts(type).join(', ')}]:
        return Model(self, ${literal(model)})
`,
  );
  const exported = [
    'Answer',
    'File',
    'Gateway',
    'GatewayError',
    'Link',
    'Reference',
    ...names.flatMap(({ type }) => parts(type)),
  ];
  return `${head(origin)}

from __future__ import annotations

from .client import Answer, Client, Link, Reference
from .errors import GatewayError
from .files import File
from .records import Model
${imports.join('\n')}

SCHEMA = ${literal(origin.hash)}


class Gateway(Client):
    """\`Gateway("https://gateway.example.com", key).sale_order.search(fields=["name"])\`"""

${properties.join('\n')}

__all__ = [${exported.map(literal).join(', ')}]
`;
}

const parts = (type: string) => ['Row', 'Field', 'Create', 'Update'].map((part) => type + part);

function moduleOf({ model, type }: Named, { label, fields }: ModelSchema, origin: Origin): string {
  const entries = Object.entries(fields).filter(([name]) => name !== 'id' && mayBeMember(name));
  const writable = entries.filter(([, field]) => field.readonly !== true);
  const needed = writable.filter(([, field]) => isNeeded(field));
  const others = writable.filter(([, field]) => !isNeeded(field));
  const choices = entries.filter(([, field]) => hasChoices(field) && field.choices_vary !== true);
  const names = ['id', ...entries.map(([name]) => name)];
  const written = (some: readonly Entry[]) => some.map(([name, field]) => member(name, field, writeType(type, name, field)));
  const body = `${choices.map(([name, field]) => `${type}_${name} = ${literals((field.selection ?? []).map(([value]) => value))}\n`).join('')}
${type}Field = ${literals(names)}


${cls(`${type}Row(TypedDict)`, `${label}: \`${model}\`. Rows contain only the requested fields.`, [
  '    id: int',
  ...entries.map(([name, field]) => member(name, field, readType(type, name, field))),
])}

${cls(`${type}Values(TypedDict, total=False)`, `Values of ${label} that may be left out.`, written(others))}

${cls(`${type}Create(${type}Values)`, `A new ${label}.`, written(needed))}

${cls(`${type}Update(${type}Values, total=False)`, `Changes of ${label}.`, written(needed))}`;
  return `${head(origin)}

from __future__ import annotations

from typing import ${usedIn(body, ['Any', 'Literal', 'Optional', 'Sequence', 'TypedDict'])}
${['Link', 'LinksTo', 'LinkTo', 'Reference'].some((name) => isUsed(body, name)) ? `\nfrom .client import ${usedIn(body, ['Link', 'LinksTo', 'LinkTo', 'Reference'])}\n` : ''}
${body}`;
}

/**
 * Whether a class may have a member of this name. Keywords cannot be members, and Python renames those that begin with two
 * underscores. Such fields can be used through `untyped`.
 */
const mayBeMember = (name: string) => !name.startsWith('__') && !pythonKeywords.has(name.toLowerCase());

const isUsed = (body: string, name: string) => new RegExp(`^[^#"]*\\b${name}\\b`, 'm').test(body);
const usedIn = (body: string, names: readonly string[]) => names.filter((name) => isUsed(body, name)).join(', ');

function cls(declared: string, text: string, members: readonly string[]): string {
  const body = [`    """${documentation(text)}"""`, ...(members.length > 0 ? ['', ...members] : [])];
  return `class ${declared}:\n${body.join('\n')}\n`;
}

function member(name: string, { string: label = '', help }: Field, type: string): string {
  const comment = [label, ...(help ?? '').split('\n')].map(oneLine).filter((line) => line !== '');
  return [...comment.map((line) => `    # ${line}`), `    ${name}: ${type}`].join('\n');
}

function readType(type: string, name: string, field: Field): string {
  const read = plainType(type, name, field, 'Link', 'list[int]');
  return mayBeNull(field) && read !== 'Any' ? `Optional[${read}]` : read;
}

function writeType(type: string, name: string, field: Field): string {
  const written = plainType(type, name, field, 'LinkTo', 'LinksTo');
  return field.required === true || isMany(field) || written === 'Any' ? written : `Optional[${written}]`;
}

function plainType(type: string, name: string, field: Field, one: string, many: string): string {
  switch (field.type) {
    case 'boolean':
      return 'bool';
    case 'integer':
    case 'many2one_reference':
      return 'int';
    case 'float':
    case 'monetary':
      return 'float';
    case 'selection':
      return hasChoices(field) && field.choices_vary !== true ? `${type}_${name}` : 'str';
    case 'many2one':
      return one;
    case 'one2many':
    case 'many2many':
      return many;
    case 'reference':
      return 'Reference';
    case 'properties':
    case 'properties_definition':
      return 'Sequence[Any]';
    case 'json':
      return 'Any';
    default:
      return 'str';
  }
}

const literals = (values: readonly (string | number)[]) => `Literal[${values.map(literal).join(', ')}]`;

/** Strings and whole numbers are written in Python as in JSON. */
const literal = (value: string | number) => JSON.stringify(value);

/** A string on one line. Control characters become blanks, too. */
const oneLine = (text: string) => text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();

/** The content of a docstring, without anything that would end it. */
const documentation = (text: string) => oneLine(text).replaceAll('\\', '/').replaceAll('"', "'");
