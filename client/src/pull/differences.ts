// Describes the differences between a pulled schema and an instance.

import type { Essence, Essences } from './schema.ts';

/** @returns a line for each difference; empty if there are none */
export function differences(pulled: Essences, found: Essences): string[] {
  const lines: string[] = [];
  for (const [model, fields] of Object.entries(pulled)) {
    const others = own(found, model);
    if (others === undefined) {
      lines.push(`${model} is gone, or this key may no longer read it`);
      continue;
    }
    for (const [name, field] of Object.entries(fields)) {
      const other = own(others, name);
      const changes = other === undefined ? ['is gone, or this key may no longer read it'] : changesOf(field, other);
      lines.push(...changes.map((change) => `${model}.${name} ${change}`));
    }
    for (const [name, { type }] of Object.entries(others)) {
      if (own(fields, name) === undefined) lines.push(`${model}.${name} is new (${type})`);
    }
  }
  for (const model of Object.keys(found)) if (own(pulled, model) === undefined) lines.push(`${model} is new`);
  return lines;
}

/** An own property: a field may be called `constructor`, which every object inherits. */
function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function changesOf(was: Essence, is: Essence): string[] {
  if (was.type !== is.type) return [`was ${kind(was)} and is ${kind(is)} now`];
  const changes: string[] = [];
  if (was.relation !== is.relation) changes.push(`pointed to ${was.relation} and now points to ${is.relation}`);
  if (was.relation_field !== is.relation_field) {
    changes.push(`had the inverse field ${was.relation_field ?? 'none'} and now has ${is.relation_field ?? 'none'}`);
  }
  changes.push(...choices(was.selection, is.selection));
  if (was.required !== is.required) changes.push(is.required === true ? 'is required now' : 'is no longer required');
  if (was.readonly !== is.readonly) changes.push(is.readonly === true ? 'is read-only now' : 'is no longer read-only');
  if (was.store !== is.store) changes.push(is.store === false ? 'is no longer stored' : 'is stored now');
  if (was.has_default !== is.has_default) {
    changes.push(is.has_default === true ? 'has a default now' : 'no longer has a default');
  }
  if (was.company_dependent !== is.company_dependent) {
    changes.push(is.company_dependent === true ? 'depends on the company now' : 'no longer depends on the company');
  }
  return changes;
}

function kind({ type, relation }: Essence): string {
  return relation === undefined ? type : `${type} (${relation})`;
}

function choices(was: Essence['selection'], is: Essence['selection']): string[] {
  if (was === undefined || is === undefined) {
    if (was === is) return [];
    return [was === undefined ? 'has fixed choices now' : 'no longer has fixed choices'];
  }
  return [
    ...was.filter((value) => !is.includes(value)).map((value) => `no longer has the choice ${JSON.stringify(value)}`),
    ...is.filter((value) => !was.includes(value)).map((value) => `has the new choice ${JSON.stringify(value)}`),
  ];
}
