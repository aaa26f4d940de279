// Filters and domains: the operators and values for each type of field.

import type { Behind, FieldOf, Models, NameIn, RelationOf } from './schema.ts';

interface Equal<V> {
  readonly eq?: V;
  readonly ne?: V;
  readonly in?: readonly V[];
  readonly nin?: readonly V[];
  /** Whether the value is empty. */
  readonly null?: boolean;
}

interface Ordered<V> extends Equal<V> {
  readonly gt?: V;
  readonly gte?: V;
  readonly lt?: V;
  readonly lte?: V;
}

interface Matched<V> extends Equal<V> {
  /** Contains the text, in the same case. */
  readonly like?: string;
  readonly nlike?: string;
  /** Contains the text; case does not matter. */
  readonly ilike?: string;
  readonly nilike?: string;
  readonly starts?: string;
  /** Matches a pattern: `%` is any text, `_` any character. */
  readonly pattern?: string;
  readonly ipattern?: string;
}

interface Related extends Matched<number | string> {
  /** Is this record, or is below it in the hierarchy. */
  readonly child_of?: number | string;
  readonly parent_of?: number | string;
}

interface Empty {
  readonly null?: boolean;
}

// The types of filters that `pull` writes for each field. Editors read these much faster than they could compute them from the
// fields' types.
/** A filter by text: a value, or an object of operators. */
export type TextIs = string | Matched<string>;
export type NumberIs = number | Ordered<number>;
export type TimeIs = string | Ordered<string>;
export type BooleanIs = boolean | Equal<boolean>;
export type ChoiceIs<V> = V | Equal<V>;
/** A filter by the id of a record, or by its name. */
export type RecordIs = number | string | Related;
/** A filter by whether there is a value; nothing else is possible. */
export type AnythingIs = Empty;

type Own<M extends Models, N extends NameIn<M>, F> = F extends keyof M[N]['filter'] ? NonNullable<M[N]['filter'][F]> : never;

/** The operand for a path through relations; if the path does not exist, a string that says so. */
type At<M extends Models, N extends NameIn<M>, P> =
  P extends FieldOf<M, N>
    ? Own<M, N, P>
    : P extends `${infer H}.${infer R}`
      ? H extends RelationOf<M, N>
        ? Behind<M, N, H> extends infer T
          ? T extends NameIn<M>
            ? At<M, T, R>
            : `${H} leads to ${T & string}, which was not pulled`
          : never
        : `${H} is not a relation of ${N}`
      : `${P & string} is not a field of ${N}`;

/**
 * The fields of a model, and those paths through relations that are in `P`. Editors offer the fields without knowing `P`, so
 * they need not follow all relations.
 */
export type Filter<M extends Models, N extends NameIn<M>, P extends string> = M[N]['filter'] & {
  readonly [K in P]?: K extends keyof M[N]['filter'] ? unknown : At<M, N, K>;
};

type Comparison =
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'in'
  | 'not in'
  | 'like'
  | 'not like'
  | 'ilike'
  | 'not ilike'
  | '=like'
  | '=ilike'
  | 'not =like'
  | 'not =ilike'
  | 'child_of'
  | 'parent_of'
  | 'any'
  | 'not any';

/** An Odoo domain. After the first dot, Odoo checks the names. */
export type Domain<M extends Models, N extends NameIn<M>> = readonly (
  | '&'
  | '|'
  | '!'
  | readonly [FieldOf<M, N> | `${RelationOf<M, N>}.${string}`, Comparison, unknown]
)[];

type Term<Name extends string> = Name | `${Name} ${'asc' | 'desc'}` | `${Name} ${'asc' | 'desc'} nulls ${'first' | 'last'}`;

/** `'date_order desc'`, or several terms in a list. */
export type Order<M extends Models, N extends NameIn<M>> = Term<FieldOf<M, N>>;
