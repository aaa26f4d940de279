// Resources defined by managers: records of a model under a public name.

import { z } from 'zod';
import type { Queryable } from './pool.ts';

const line = {
  name: z.string(),
  field: z.string(),
  read: z.boolean(),
  write: z.boolean(),
  required: z.boolean(),
  format: z.enum(['email']).nullable().catch(null),
  /** Public values that are replaced on writing: for each, the fields and values that are written instead. */
  values: z.record(z.string(), z.record(z.string(), z.unknown())).nullable().catch(null),
};
const flat = z.object({ ...line, nested: z.null().catch(null) });
const shape = z.object({
  model: z.string(),
  app: z.string().nullable(),
  label: z.string(),
  domain: z.array(z.unknown()).catch([]),
  order: z.string().nullable(),
  fields: z.array(z.object({ ...line, nested: z.object({ model: z.string(), fields: z.array(flat) }).nullable() })),
});

export type ResourceField = z.infer<typeof shape>['fields'][number];
export type Resource = Readonly<z.infer<typeof shape>> & { readonly name: string };
export type Resources = ReadonlyMap<string, Resource>;

const statement = { name: 'resources', text: 'select gateway.resources() as resources' };

export async function readResources(db: Queryable): Promise<Resources> {
  const [row] = await db.query<{ resources: Record<string, unknown> }>(statement, []);
  const found = new Map<string, Resource>();
  for (const [name, described] of Object.entries(row?.resources ?? {})) {
    const parsed = shape.safeParse(described);
    if (parsed.success) found.set(name, { name, ...parsed.data });
  }
  return found;
}
