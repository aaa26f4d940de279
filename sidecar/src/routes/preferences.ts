// Adds the caller's preferences to endpoints that write (pipeline/preferences.ts).

import type { Answer, DryRunReport, RequestContext } from '../pipeline/context.ts';
import { takePreferences } from '../pipeline/preferences.ts';
import { shapedDifferences } from '../records/dry_runs.ts';
import type { RecordShapes } from '../records/record_shapes.ts';
import { refusePreconditions } from '../records/versions.ts';

type Handle = (context: RequestContext) => Promise<Answer>;

/**
 * The endpoint with support for dry runs: the answer of a dry run has `meta.dry_run`, and nothing is created.
 * @param takesIfMatch whether the endpoint checks `If-Match`; others refuse it
 */
export function withPreferences(shapes: RecordShapes, handle: Handle, takesIfMatch = false): Handle {
  return async (context) => {
    refusePreconditions(context, takesIfMatch);
    takePreferences(context);
    const answer = await handle(context);
    if (context.dryRun === undefined) return answer;
    const report: DryRunReport = context.dryRunReport ?? { mails: 0, outside: false };
    const differences = await shapedDifferences(shapes, context, report);
    const body = answer.body as { readonly meta?: object };
    const meta = {
      ...body.meta,
      dry_run: { differences, unseen: report.unseen ?? 0, mails: report.mails, outside: report.outside },
    };
    return { ...answer, status: 200, body: { ...body, meta }, location: undefined };
  };
}
