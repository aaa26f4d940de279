// The types of groupings and measures, and of a group in the answer.

import type { FieldOf, Link, Models, NameIn, RelationOf } from './schema.ts';

type Period = 'day' | 'week' | 'month' | 'quarter' | 'year';

/** A range of time. `to` is the first moment after the range. */
export interface Range {
  from: string;
  to: string;
  label: string;
}

/** A choice of a selection field: its value and its label. */
export interface Choice<V = string> {
  value: V;
  label: string;
}

type TypeOf<M extends Models, N extends NameIn<M>, F> = F extends keyof M[N]['types'] ? M[N]['types'][F] : never;
/** The names of the fields that have one of these types. */
export type Named<M extends Models, N extends NameIn<M>, T extends string> = M[N]['of'][T & keyof M[N]['of']] & string;

/** A field, a time with a period, or a path through relations, which Odoo checks. */
export type Grouping<M extends Models, N extends NameIn<M>> =
  | FieldOf<M, N>
  | `${Named<M, N, 'date' | 'datetime'>}:${Period}`
  | `${RelationOf<M, N>}.${string}`;

type Counting = 'count' | 'count_distinct';
export type Measure<M extends Models, N extends NameIn<M>> =
  | '__count'
  | `${FieldOf<M, N>}:${Counting}`
  | `${Named<M, N, 'integer' | 'float' | 'monetary'>}:${'sum' | 'avg' | 'min' | 'max'}`
  | `${Named<M, N, 'date' | 'datetime'>}:${'min' | 'max'}`
  | `${Named<M, N, 'boolean'>}:${'bool_and' | 'bool_or'}`;

type Grouped<M extends Models, N extends NameIn<M>, G extends string> = G extends `${string}:${Period}`
  ? Range | null
  : G extends FieldOf<M, N>
    ? TypeOf<M, N, G> extends 'many2one' | 'one2many' | 'many2many'
      ? Link | null
      : TypeOf<M, N, G> extends 'selection'
        ? Choice<NonNullable<M[N]['all'][G]>> | null
        : TypeOf<M, N, G> extends 'date' | 'datetime'
          ? Range | null
          : M[N]['all'][G]
    : unknown;

type Measured<M extends Models, N extends NameIn<M>, X extends string> = X extends '__count'
  ? number
  : X extends `${string}:${Counting}`
    ? number
    : X extends `${string}:bool_${'and' | 'or'}`
      ? boolean | null
      : X extends `${infer F}:${string}`
        ? TypeOf<M, N, F> extends 'date' | 'datetime'
          ? string | null
          : number | null
        : never;

/** A group. It has a property for each grouping and measure, with the same name as in your request. */
export type Group<M extends Models, N extends NameIn<M>, G extends readonly string[], X extends readonly string[]> = {
  [K in G[number]]: Grouped<M, N, K>;
} & { [K in X[number]]: Measured<M, N, K> };
