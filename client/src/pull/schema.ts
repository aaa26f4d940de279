// The parts of the gateway's schema of models on which clients depend (`GET /api/v1`, `GET /api/v1/<model>/schema`).

import { createHash } from 'node:crypto';
import type { Transport } from '../transport.ts';

export interface Field {
  readonly type: string;
  /** The label of the field. */
  readonly string?: string;
  readonly help?: string;
  readonly required?: boolean;
  readonly readonly?: boolean;
  readonly store?: boolean;
  readonly relation?: string;
  /** The inverse field, in the related model. */
  readonly relation_field?: string;
  readonly selection?: readonly (readonly [value: string | number, label: string])[];
  /** The choices depend on the database, and records may have others. */
  readonly choices_vary?: boolean;
  readonly has_default?: boolean;
  readonly company_dependent?: boolean;
}

type Fields = Readonly<Record<string, Field>>;

export interface ModelSchema {
  readonly label: string;
  readonly fields: Fields;
}

export type Schema = Readonly<Record<string, ModelSchema>>;

const modelName = /^[A-Za-z_][\w.]{0,127}$/;
const fieldName = /^[A-Za-z_]\w{0,127}$/;
const atOnce = 4;

/**
 * @param wanted names of models; `sale.*` means all names that begin with `sale.` @returns the schema, and the names for which
 * the key may read no model. Throws GatewayError.
 */
export async function fetchSchema(
  transport: Transport,
  wanted: readonly string[],
): Promise<{ schema: Schema; missing: string[] }> {
  const { data: listed } = await transport.send<{ model: string; name: string; read: boolean }[]>(read('/api/v1'));
  const readable = listed
    .filter(({ model, read: may }) => may && modelName.test(model))
    .sort(({ model: one }, { model: other }) => (one < other ? -1 : 1));
  const missing = wanted.filter((name) => !readable.some(({ model }) => matches(model, name)));
  const chosen = readable.filter(({ model }) => wanted.some((name) => matches(model, name)));
  const schema: Record<string, ModelSchema> = Object.create(null);
  for (let i = 0; i < chosen.length; i += atOnce) {
    const some = chosen.slice(i, i + atOnce);
    const described = await Promise.all(
      some.map(({ model }) => transport.send<{ fields: Fields }>(read(`/api/v1/${model}/schema`))),
    );
    for (const [j, { model, name }] of some.entries()) schema[model] = { label: name, fields: named(described[j]?.data.fields) };
  }
  return { schema, missing };
}

const read = (path: string) => ({ method: 'GET', path, isRead: true });

function matches(model: string, name: string): boolean {
  return name.endsWith('*') ? model.startsWith(name.slice(0, -1)) : model === name;
}

/** Names become code, so only valid names of Odoo are accepted. */
function named(fields: Fields = {}): Fields {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => fieldName.test(name))
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

/** The parts of a field that affect its types. Labels and help texts do not, because they depend on the language. */
export type Essence = Pick<
  Field,
  'type' | 'required' | 'readonly' | 'store' | 'relation' | 'relation_field' | 'has_default' | 'company_dependent'
> & { readonly selection?: readonly (string | number)[] };

export type Essences = Readonly<Record<string, Readonly<Record<string, Essence>>>>;

export function essencesOf(schema: Schema): Essences {
  return Object.fromEntries(
    Object.entries(schema).map(([model, { fields }]) => [
      model,
      Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, essenceOf(field)])),
    ]),
  );
}

function essenceOf(field: Field): Essence {
  const { type, required, readonly, store, relation, relation_field, has_default, company_dependent } = field;
  // The order of choices is not part of the type.
  const choices = field.choices_vary === true ? undefined : field.selection?.map(([value]) => value).sort();
  return {
    type,
    ...(relation === undefined ? {} : { relation }),
    ...(relation_field === undefined ? {} : { relation_field }),
    ...(choices === undefined ? {} : { selection: choices }),
    ...(required === true ? { required } : {}),
    ...(readonly === true ? { readonly } : {}),
    ...(store === false ? { store } : {}),
    ...(has_default === true ? { has_default } : {}),
    ...(company_dependent === true ? { company_dependent } : {}),
  };
}

/** The hash is equal for equal types, in any language. */
export function hashOf(essences: Essences): string {
  return createHash('sha256').update(JSON.stringify(essences)).digest('hex').slice(0, 16);
}
