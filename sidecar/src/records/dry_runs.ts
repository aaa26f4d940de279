// The result of a dry run, in the API's format.

import type { DryRunReport, RequestContext } from '../pipeline/context.ts';
import type { RecordShapes } from './record_shapes.ts';

type Values = Readonly<Record<string, unknown>>;

interface ShapedDifference {
  readonly model: string;
  readonly id: number;
  readonly name: string;
  /** The fields that change; null: the record is new. */
  readonly before: Values | null;
  /** Null: the record would be deleted. */
  readonly after: Values | null;
}

export async function shapedDifferences(
  shapes: RecordShapes,
  context: RequestContext,
  { differences = [] }: DryRunReport,
): Promise<ShapedDifference[]> {
  const shaped = async (model: string, values: Values | null) => {
    if (values === null) return null;
    const row = { ...values };
    await shapes.shape(context, model, undefined, [row]);
    return row;
  };
  const found: ShapedDifference[] = [];
  for (const { before, after, ...record } of differences) {
    found.push({ ...record, before: await shaped(record.model, before), after: await shaped(record.model, after) });
  }
  return found;
}
