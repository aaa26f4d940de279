// Turns a plan's rows into the raw records that Odoo's executor would return, so that records/shape.ts can convert both.

import { Doubt } from './doubt.ts';
import type { Column, Form, Level, Plan } from './plan.ts';

type Row = Record<string, unknown>;
type Decoder = (value: unknown) => unknown;

/** Converters for a flat plan, whose values are strings as Postgres writes them. */
const ofText: Readonly<Partial<Record<Form, Decoder>>> = {
  plain: (value) => value ?? false,
  integer: (value) => (value === null ? false : Number(value)),
  integer0: (value) => (value === null ? 0 : Number(value)),
  float0: (value) => (value === null ? 0 : finite(value)),
  boolean: (value) => value === 't',
  json: (value) => (value === null ? false : (JSON.parse(value as string) as unknown)),
  properties: (value) => {
    // Properties are assembled by Odoo, from their definitions.
    if (value !== null) throw new Doubt('properties');
    return [];
  },
};

/** Converters for a tree, whose values are JSON. */
const ofJson: Readonly<Partial<Record<Form, Decoder>>> = {
  ...ofText,
  boolean: (value) => value === true,
  json: (value) => value ?? false,
};

function finite(value: unknown): number {
  const number = Number(value);
  // The executor has a special rule for NaN, so Odoo is asked.
  if (!Number.isFinite(number)) throw new Doubt('values');
  return number;
}

/** The positions of a flat result's columns, the same for all of its rows. */
export class FlatReader {
  readonly #id: number;
  readonly #steps: { field: string; decode: (row: readonly (string | null)[]) => unknown }[];

  constructor({ levels: [level] }: Plan, names: readonly string[]) {
    const at = (name: string | null | undefined) => {
      const place = names.indexOf(name ?? '');
      if (place === -1) throw new Doubt('plan');
      return place;
    };
    this.#id = at('id');
    this.#steps = (level?.columns ?? []).map(({ field, as, form, name }) => {
      const place = at(as);
      if (form === 'named') {
        const nameAt = at(name);
        return { field, decode: (row) => named(row[place], row[nameAt]) };
      }
      const decode = ofText[form];
      if (decode === undefined) throw new Doubt('plan');
      return { field, decode: (row) => decode(row[place] ?? null) };
    });
  }

  record(row: readonly (string | null)[]): Row {
    const record: Row = { id: Number(row[this.#id]) };
    for (const { field, decode } of this.#steps) record[field] = decode(row);
    return record;
  }
}

type Values = readonly unknown[];

/** The records of a level. A record's place is its index in the level's columns. */
interface Set {
  readonly ids: Values;
  readonly recordAt: (place: number) => Row;
}

/**
 * The records of a tree from the columns of its levels. Each occurrence in the answer gets its own object, because converting
 * changes it.
 */
export class TreeReader {
  readonly #levels: ReadonlyMap<string, Level>;
  readonly #root: Level;
  readonly #column: (name: string) => string | null;
  readonly #sets = new Map<string, Set>();

  /** @param column the JSON text of a column by its name: `l0_id`, `l0_c0` …; null: the level has no rows */
  constructor({ levels }: Plan, column: (name: string) => string | null) {
    this.#levels = new Map(levels.map((level) => [level.name, level]));
    this.#root = levels[0] as Level;
    this.#column = column;
  }

  records(): Row[] {
    // Builds all levels first, because any of them may have too many records.
    for (const level of this.#levels.keys()) this.#set(level);
    const { ids, recordAt } = this.#set(this.#root.name);
    return ids.map((_, place) => recordAt(place));
  }

  #set(name: string): Set {
    let set = this.#sets.get(name);
    if (set === undefined) {
      set = this.#read(name);
      this.#sets.set(name, set);
    }
    return set;
  }

  #read(name: string): Set {
    const level = this.#levels.get(name);
    if (level === undefined) throw new Doubt('plan');
    const ids = this.#values(`${name}_id`);
    if (level.most != null && ids.length > level.most) throw new Doubt('large');
    const steps = level.columns.map((column): [string, (place: number) => unknown] => [
      column.field,
      this.#step(column, name, ids),
    ]);
    const recordAt = (place: number) => {
      const record: Row = { id: ids[place] };
      for (const [field, valueAt] of steps) record[field] = valueAt(place);
      return record;
    };
    return { ids, recordAt };
  }

  #step({ as, form, name, level = '' }: Column, set: string, ids: Values): (place: number) => unknown {
    if (form === 'ids' || form === 'many') {
      const below = this.#set(level ?? '');
      const parents = this.#values(`${level}_p`);
      const placesOf = Map.groupBy(parents.keys(), (place) => parents[place]);
      const show = form === 'ids' ? (place: number) => below.ids[place] : below.recordAt;
      return (place) => (placesOf.get(ids[place]) ?? []).map(show);
    }
    const values = this.#values(`${set}_${as}`);
    if (form !== 'named' && form !== 'one') {
      const decode = ofJson[form];
      if (decode === undefined) throw new Doubt('plan');
      return (place) => decode(values[place] ?? null);
    }
    const names = this.#values(`${name}_name`);
    const nameOf = new Map(this.#values(`${name}_id`).map((id, place) => [id, names[place]]));
    if (form === 'named') return (place) => named(values[place], nameOf.get(values[place]));
    const below = this.#set(level ?? '');
    const placeOf = new Map(below.ids.map((id, place) => [id, place]));
    return (place) => {
      const id = values[place] ?? null;
      if (id === null) return false;
      const found = placeOf.get(id);
      // A rule hides the record, but not its name.
      return found === undefined ? { id, display_name: nameOf.get(id) ?? false } : below.recordAt(found);
    };
  }

  #values(column: string): Values {
    return JSON.parse(this.#column(column) ?? '[]') as Values;
  }
}

/** A relation as the ORM's `read` returns it. */
function named(id: unknown, name: unknown): unknown {
  return id === null || id === undefined ? false : [Number(id), name ?? false];
}
