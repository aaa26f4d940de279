// Turns the rows of a plan into the raw records that Odoo's executor would give, so that one shaper (records/shape.ts) serves
// both.

import { Doubt } from './doubt.ts';
import type { Column, Form, Level, Plan } from './plan.ts';

type Row = Record<string, unknown>;
type Decoder = (value: unknown) => unknown;

/** Converters for a flat plan, whose values are Postgres' texts. */
const ofText: Readonly<Partial<Record<Form, Decoder>>> = {
  plain: (value) => value ?? false,
  datetime: (value) => (value === null ? false : (value as string).slice(0, 19)),
  integer: (value) => (value === null ? false : Number(value)),
  integer0: (value) => (value === null ? 0 : Number(value)),
  float: (value) => (value === null ? false : finite(value)),
  float0: (value) => (value === null ? 0 : finite(value)),
  boolean: (value) => value === 't',
  json: (value) => (value === null ? false : (JSON.parse(value as string) as unknown)),
  properties: (value) => {
    // Odoo assembles them from their definitions.
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
  // The executor has its own rule for NaN.
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

/** The records of a tree from the sets of its levels. */
export class TreeReader {
  readonly #levels: ReadonlyMap<string, Level>;
  readonly #root: Level;
  readonly #rowsOf = new Map<string, readonly Row[]>();
  readonly #byId = new Map<string, ReadonlyMap<unknown, Row>>();
  readonly #byParent = new Map<string, ReadonlyMap<unknown, readonly Row[]>>();

  /** @param set the JSON text of a level's rows by its name; null: there are none */
  constructor({ levels }: Plan, set: (level: string) => string | null) {
    this.#levels = new Map(levels.map((level) => [level.name, level]));
    this.#root = levels[0] as Level;
    for (const { name, most } of levels) {
      const rows = JSON.parse(set(name) ?? '[]') as readonly Row[];
      if (most != null && rows.length > most) throw new Doubt('large');
      this.#rowsOf.set(name, rows);
    }
  }

  records(): Row[] {
    return this.#rows(this.#root.name).map((row) => this.#record(this.#root, row));
  }

  /** Each place in the answer gets an object of its own, because shaping changes them. */
  #record(level: Level, row: Row): Row {
    const record: Row = { id: row['id'] };
    for (const column of level.columns) record[column.field] = this.#value(column, row);
    return record;
  }

  #value({ as, form, name, level }: Column, row: Row): unknown {
    const value = row[as ?? ''] ?? null;
    switch (form) {
      case 'named':
        return named(value, row[name ?? '']);
      case 'one': {
        if (value === null) return false;
        const found = this.#of(this.#byId, level, (rows) => new Map(rows.map((target) => [target['id'], target]))).get(value);
        if (found !== undefined) return this.#record(this.#level(level), found);
        // A rule hides the record, but not its name.
        return { id: value, display_name: row[name ?? ''] ?? false };
      }
      case 'ids':
        return this.#below(level, row).map((target) => target['id']);
      case 'many': {
        const below = this.#level(level);
        return this.#below(level, row).map((target) => this.#record(below, target));
      }
      default: {
        const decode = ofJson[form];
        if (decode === undefined) throw new Doubt('plan');
        return decode(value);
      }
    }
  }

  #below(level: string | null | undefined, row: Row): readonly Row[] {
    return this.#of(this.#byParent, level, (rows) => Map.groupBy(rows, (target) => target['p'])).get(row['id']) ?? [];
  }

  #of<Index>(indexes: Map<string, Index>, level: string | null | undefined, make: (rows: readonly Row[]) => Index): Index {
    const { name } = this.#level(level);
    let index = indexes.get(name);
    if (index === undefined) {
      index = make(this.#rows(name));
      indexes.set(name, index);
    }
    return index;
  }

  #level(name: string | null | undefined): Level {
    const level = this.#levels.get(name ?? '');
    if (level === undefined) throw new Doubt('plan');
    return level;
  }

  #rows(name: string): readonly Row[] {
    return this.#rowsOf.get(name) ?? [];
  }
}

/** A relation as the ORM's read shows it. */
function named(id: unknown, name: unknown): unknown {
  return id === null || id === undefined ? false : [Number(id), name ?? false];
}
