// A plan: a read that Odoo has compiled for one caller, including the caller's rights. Only plans that Odoo has signed are run.

import type { KeyObject } from 'node:crypto';
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/**
 * How a column becomes the value that the ORM's `read` returns: `plain`: unchanged; `integer0`, `float0`: 0 for empty; `named`: a
 * relation as id and name; `one`: an expanded relation; `ids`, `many`: a relation to many, as ids or expanded; `json`: of any type;
 * `properties`: an empty list (if there are properties, Odoo must be asked). In all other forms, `false` stands for an empty value.
 */
const forms = ['plain', 'integer', 'integer0', 'float0', 'boolean', 'named', 'one', 'ids', 'many', 'json', 'properties'] as const;

const column = z.object({
  field: z.string(),
  /** The name of the column in the result. */
  as: z.string().nullish(),
  form: z.enum(forms),
  /**
   * The column with the name of a relation's record. In a tree: the prefix of the two columns that hold these names and their
   * ids.
   */
  name: z.string().nullish(),
  /** The level with a relation's records. */
  level: z.string().nullish(),
});

const level = z.object({
  name: z.string(),
  model: z.string(),
  columns: z.array(column),
  /** With more rows than this, the ORM refuses the read as too large. */
  most: z.int().nullish(),
});

const parameter = z.object({
  slot: z.int().min(0),
  /** How Odoo converts a value before it compares. */
  as: z.string().regex(/^(?:same|text|float|contains|begins|ends|plus1s|fixed:[1-9])$/),
  list: z.boolean().default(false),
});

const shape = z.object({
  uid: z.int(),
  database: z.string(),
  text: z.string(),
  parameters: z.array(parameter),
  levels: z.array(level).min(1),
  /** Whether the result has one row for each record. Otherwise it has only one row, with each level's columns as JSON. */
  flat: z.boolean(),
  omitted: z.array(z.string()),
  fields: z.array(z.string()),
  languages: z.array(z.string()),
  next: z.object({ order: z.string(), terms: z.array(z.object({ as: z.string() })), lang: z.string().nullable() }).nullable(),
  count: z.literal('exact').nullable(),
  /** The format of an ORM method's result. Undefined: records with `next`, `omitted` and the like. */
  result: z.enum(['rows', 'ids', 'count']).nullish(),
  /** Whether all requested records must exist; otherwise Odoo refuses the read. */
  complete: z.boolean().nullish(),
  versions: z.string(),
});

export type Form = (typeof forms)[number];
export type Column = Readonly<z.infer<typeof column>>;
export type Level = Readonly<z.infer<typeof level>>;
export type Parameter = Readonly<z.infer<typeof parameter>>;

export interface Plan extends Readonly<Omit<z.infer<typeof shape>, 'uid' | 'database'>> {
  /** The name of the statement. Plans with the same text have the same name, so that Postgres prepares the statement once. */
  readonly statement: string;
  /** The approximate memory that the plan takes. */
  readonly bytes: number;
}

export interface Refused {
  /** A code from the addon (`context`, `model`, `field` …). */
  readonly why: string;
  /** The field or model that is the cause. */
  readonly what: string;
}

const answer = z.union([
  z.object({ plan_text: z.string(), signature: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.object({ refused: z.object({ why: z.string().regex(/^\w{1,40}$/), what: z.string().max(400).catch('') }) }),
]);

/** The caller for which the plan must have been made. */
export interface Wanted {
  readonly uid: number;
  readonly database: string;
  /** The secret with which Odoo signs. */
  readonly secret: KeyObject;
}

/** Parses Odoo's answer to `compile`. Throws if it is not signed, not for this caller, or not a plan. */
export function readPlan(given: unknown, { uid, database, secret }: Wanted): Plan | Refused {
  const parsed = answer.parse(given);
  if ('refused' in parsed) return parsed.refused;
  const { plan_text: text, signature } = parsed;
  const expected = createHmac('sha256', secret).update(text).digest();
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) throw new Error('the signature of a plan is wrong');
  const { uid: owner, database: home, ...plan } = shape.parse(JSON.parse(text));
  if (owner !== uid || home !== database) throw new Error('a plan was made for another user or database');
  const statement = `read_${createHash('sha256').update(plan.text).digest('hex').slice(0, 32)}`;
  return { ...plan, statement, bytes: 2 * text.length };
}
