// Filters of resources, as JSON: {"name": {"ilike": "desk"}, "active": true}.

import { z } from 'zod';

const value = z.union([z.string().max(1_000), z.number(), z.boolean(), z.null()]);
const condition = z.union([value, z.record(z.string().max(20), z.union([value, z.array(value).max(1_000)]))]);
export const filtersShape = z.record(z.string().max(200), condition);

/** The filters as parameters of a list: `filter[name][ilike]=desk`. */
export function filtersOf(filters: z.infer<typeof filtersShape>): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [field, given] of Object.entries(filters)) {
    const conditions = typeof given === 'object' && given !== null ? given : given === null ? { null: true } : { eq: given };
    for (const [operator, compared] of Object.entries(conditions)) {
      parameters[`filter[${field}][${operator}]`] = Array.isArray(compared)
        ? compared.map((item) => `"${String(item).replaceAll('"', '""')}"`).join(',')
        : String(compared);
    }
  }
  return parameters;
}
