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
  /** Contains the text. */
  readonly like?: string;
  readonly nlike?: string;
  /** Contains the text, in upper or lower case. */
  readonly ilike?: string;
  readonly nilike?: string;
  readonly starts?: string;
  /** Matches a pattern: `%` is any text, `_` any character. */
  readonly pattern?: string;
  readonly ipattern?: string;
}

interface Related extends Matched<number | string> {
  /** Is below this record in its hierarchy, or this record. */
  readonly child_of?: number | string;
  readonly parent_of?: number | string;
}

interface Empty {
  readonly null?: boolean;
}

/** The operators for each type of field. `V` is the type of its values. */
interface Operators<V> {
  char: Matched<string>;
  text: Matched<string>;
  html: Matched<string>;
  boolean: Equal<boolean>;
  integer: Ordered<number>;
  float: Ordered<number>;
  monetary: Ordered<number>;
  date: Ordered<string>;
  datetime: Ordered<string>;
  selection: Equal<V>;
  many2one: Related;
  one2many: Related;
  many2many: Related;
  many2one_reference: Ordered<number>;
}

type OperatorsOf<T, V> = T extends keyof Operators<V> ? Operators<V>[T] : Empty;
type Operand<T, V> = OperatorsOf<T, V> | (OperatorsOf<T, V> extends { readonly eq?: infer E } ? E : never);

/** Names that every object has: the one of another type would make each filter an error. */
type Inherited = keyof typeof Object.prototype;

type Own<M extends Models, N extends NameIn<M>, F> = F extends keyof M[N]['types'] & keyof M[N]['all']
  ? Operand<M[N]['types'][F], NonNullable<M[N]['all'][F]>>
  : never;

/** The fields of a model, and paths through relations, which `Filter` checks one by one. */
export type OwnFilter<M extends Models, N extends NameIn<M>> = {
  readonly [F in FieldOf<M, N>]?: F extends Inherited ? unknown : Own<M, N, F>;
} & {
  readonly [path: `${string}.${string}`]: unknown;
};

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

type Plain = string | number | boolean | null;

/** The given type, if it is one of these values or has only these operators. */
type Fit<Given, Wanted> = Given extends object
  ? [Extract<Wanted, object>] extends [never]
    ? Wanted
    : { readonly [O in keyof Given]: O extends keyof Extract<Wanted, object> ? Extract<Wanted, object>[O] : never }
  : Given extends Extract<Wanted, Plain>
    ? Given
    : Extract<Wanted, Plain>;

/** The filter `Q`, if it is valid for the model. */
export type Filter<M extends Models, N extends NameIn<M>, Q> = {
  readonly [P in keyof Q]: Fit<Q[P], At<M, N, P>>;
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
