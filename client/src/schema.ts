// The formats of values, and the types that `pull` writes for each model.

declare const target: unique symbol;

/** In a batch: a record that an earlier operation has found or created. */
export interface Ref<Name extends string = string> {
  readonly $ref: string;
  readonly [target]?: Name;
}

/** A many2one as you read it. */
export interface Link {
  id: number;
  name: string | null;
}

/** A field of type `reference` as you read it. */
export interface Reference {
  model: string;
  id: number;
}

/** A many2one as you write it. */
export type LinkTo<Name extends string = string> = number | { readonly id: number; readonly name?: string | null } | Ref<Name>;

/**
 * Lists of records as you write them. A list is merged: an object without `id` creates a record, an object with `id` changes
 * it, an object with `_remove` removes it. `{set}` replaces the whole list.
 */
export type LinksTo<Name extends string = string, New = Values, Changed = Values> =
  | readonly (Kept<Name, New, Changed> | { readonly id: number; readonly _remove: true })[]
  | { readonly set: readonly Kept<Name, New, Changed>[] }
  | null;

type Kept<Name extends string, New, Changed> =
  | number
  | Ref<Name>
  | (New & { readonly id?: never; readonly _remove?: never })
  | (Changed & { readonly id: number; readonly _remove?: never });

/** The fields of a model that was not pulled. */
type Values = Readonly<Record<string, unknown>>;

/** The types of a model. */
export interface ModelTypes {
  /** A record without `fields`: its stored fields, but no lists and no files. */
  readonly row: object;
  /** Every field that `fields` may name. */
  readonly all: object;
  /** The filters that each field allows. */
  readonly filter: object;
  readonly create: object;
  readonly update: object;
  /** The type of each field, as Odoo calls it. */
  readonly types: object;
  /** The names of its fields, by their types. */
  readonly of: object;
  /** The models behind its many2one fields. */
  readonly one: object;
  /** The models behind its one2many and many2many fields. */
  readonly many: object;
}

export type Models = Readonly<Record<string, ModelTypes>>;

/** Without a pulled schema, everything is allowed. */
interface AnyModel {
  // biome-ignore lint/suspicious/noExplicitAny: nothing is known about this model
  readonly row: any;
  // biome-ignore lint/suspicious/noExplicitAny: nothing is known about this model
  readonly all: any;
  // biome-ignore lint/suspicious/noExplicitAny: nothing is known about this model
  readonly filter: any;
  readonly create: Values;
  readonly update: Values;
  // biome-ignore lint/suspicious/noExplicitAny: nothing is known about this model
  readonly types: any;
  readonly of: Readonly<Record<string, string>>;
  readonly one: Readonly<Record<string, string>>;
  readonly many: Readonly<Record<string, string>>;
}

export type AnyModels = Readonly<Record<string, AnyModel>>;

/** The names of the models. */
export type NameIn<M extends Models> = keyof M & string;
/** The names of a model's fields. */
export type FieldOf<M extends Models, N extends NameIn<M>> = keyof M[N]['all'] & string;
/** The names of a model's relations. */
export type RelationOf<M extends Models, N extends NameIn<M>> = (keyof M[N]['one'] | keyof M[N]['many']) & string;

/** The model behind a relation. */
export type Behind<M extends Models, N extends NameIn<M>, F extends string> = F extends keyof M[N]['one']
  ? M[N]['one'][F]
  : F extends keyof M[N]['many']
    ? M[N]['many'][F]
    : never;
