// The types of a list of fields: its possible paths, and the records read with it.

import type { Named } from './aggregates.ts';
import type { Behind, FieldOf, Models, NameIn, RelationOf } from './schema.ts';

/**
 * The path itself if it exists, otherwise the possible names, for editors and messages. Only the given path is followed,
 * because a union of all paths would be infinite.
 */
type Path<M extends Models, N extends NameIn<M>, P extends string> =
  P extends FieldOf<M, N>
    ? P
    : P extends `${infer H}.${infer R}`
      ? H extends RelationOf<M, N>
        ? Behind<M, N, H> extends infer T
          ? T extends NameIn<M>
            ? `${H}.${Path<M, T, R>}`
            : `${H} leads to ${T & string}, which was not pulled`
          : never
        : FieldOf<M, N>
      : FieldOf<M, N>;

export type Paths<M extends Models, N extends NameIn<M>, F extends readonly string[]> = {
  readonly [K in keyof F]: Path<M, N, F[K]>;
};

/** A record that was read with these fields; with `never`, one that was read without `fields`. */
export type Read<M extends Models, N extends NameIn<M>, F extends readonly string[]> = [F] extends [never]
  ? M[N]['row']
  : Picked<M, N, F[number]>;

/** A record as a write returns it: its id, and the requested fields. */
export type Written<M extends Models, N extends NameIn<M>, F extends readonly string[]> = [F] extends [never]
  ? { id: number }
  : Picked<M, N, F[number]>;

/** The possible keys of an upsert: an external id that you choose, or a field with strings or whole numbers. */
export type Key<M extends Models, N extends NameIn<M>> = 'external_id' | Exclude<Named<M, N, 'char' | 'integer'>, 'id'>;

type Head<P extends string> = P extends `${infer H}.${string}` ? H : P;
type Rest<P extends string, H extends string> = P extends `${H}.${infer R}` ? R : never;

type Picked<M extends Models, N extends NameIn<M>, P extends string> = {
  [H in Head<P> | 'id']: H extends 'id' ? number : Value<M, N, H, Rest<P, H>>;
};

type Value<M extends Models, N extends NameIn<M>, H extends string, R extends string> =
  H extends FieldOf<M, N>
    ? [R] extends [never]
      ? M[N]['all'][H]
      : Behind<M, N, H> extends infer T extends NameIn<M>
        ? H extends keyof M[N]['many']
          ? Picked<M, T, R>[]
          : Seen<Picked<M, T, R>> | Extract<M[N]['all'][H], null>
        : never
    : never;

/** A record behind a many2one. If a rule of Odoo hides it, it has only its id and name. */
type Seen<T> = { [K in keyof T as K extends 'id' | 'name' ? K : never]: K extends 'name' ? T[K] | null : T[K] } & {
  [K in keyof T as K extends 'id' | 'name' ? never : K]?: T[K];
};
