// Writes to which a person must agree first. The first call runs as a dry run and returns the changes. A second call with the
// confirmation executes the write.

import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import type { DryRunReport, RequestContext } from '../pipeline/context.ts';
import { shapedDifferences } from '../records/dry_runs.ts';
import type { RecordShapes } from '../records/record_shapes.ts';
import { writesOf } from './access.ts';
import { cutText, fitting, shrunk } from './budget.ts';
import { checkConfirmation, makeConfirmation } from './confirmation.ts';
import type { Json } from './tool.ts';

export const confirmArgument = {
  confirm: z.string().max(200).optional(),
};
const longestName = 200;
export const outputOfWrite = z.object({
  status: z.enum(['done', 'confirmation_required', 'declined']),
  confirm: z.string().optional(),
});

/**
 * @param call the tool's name, its arguments without `confirm`, and everything else on which its effects depend
 * @param act executes the write; its parameter is the idempotency key
 */
export async function askedFirst(
  shapes: RecordShapes,
  context: RequestContext,
  call: readonly [string, Readonly<Record<string, unknown>>, ...unknown[]],
  confirm: string | undefined,
  act: (once: string | undefined) => Promise<Json>,
): Promise<Json> {
  const writes = writesOf(context);
  if (writes === 'never') throw new GatewayError('agent.writes');
  // A confirmation is checked even if writes no longer need one: its idempotency key makes the call happen only once.
  if (confirm !== undefined) {
    const once = await checkConfirmation(context, call, confirm);
    return { status: 'done', ...(await act(once)) };
  }
  if (writes === 'allowed') return { status: 'done', ...(await act(undefined)) };
  const shown = await tryOut(shapes, context, call, act);
  return {
    status: 'confirmation_required',
    ...shown,
    confirm: await makeConfirmation(context, call),
    hint: 'Nothing has been done yet. Show this to the user. If they agree, call again within 5 minutes with the same arguments and confirm.',
  };
}

async function tryOut(
  shapes: RecordShapes,
  context: RequestContext,
  call: readonly unknown[],
  act: (once: undefined) => Promise<Json>,
): Promise<{ changes: unknown[]; not_shown?: string[] }> {
  context.dryRun = { differences: true };
  try {
    await act(undefined);
  } catch (error) {
    if (!(error instanceof GatewayError) || error.reason !== 'odoo.dry_run') throw error;
    return { changes: [], not_shown: [error.message] };
  } finally {
    context.dryRun = undefined;
  }
  const report = context.dryRunReport;
  if (report === undefined) return { changes: [], not_shown: ['Its effects cannot be known before it runs.'] };
  const notShown = [
    ...(report.mails > 0 ? [`${report.mails} e-mail${report.mails > 1 ? 's' : ''} would be sent.`] : []),
    ...(report.outside ? ['It tries to reach another system, which a dry run does not do.'] : []),
  ];
  const all = await changesOf(shapes, context, report);
  const changes = all.slice(0, fitting(all, context.database.settings['agent.answer_bytes']));
  const unseen = all.length - changes.length + (report.unseen ?? 0);
  if (unseen > 0) notShown.push(`The changes of ${unseen} more record${unseen > 1 ? 's' : ''} are not shown.`);
  if (call[0] === 'call_method') notShown.push('The method may also change records other than those it was called on.');
  return { changes, ...(notShown.length === 0 ? {} : { not_shown: notShown }) };
}

/**
 * The changes of a dry run: for each record, one of `{create, values}`, `{update, from, to}` and `{delete}`, with the changed
 * fields only.
 */
async function changesOf(shapes: RecordShapes, context: RequestContext, report: DryRunReport): Promise<Json[]> {
  const differences = await shapedDifferences(shapes, context, report);
  const bytes = context.database.settings['agent.answer_bytes'] / Math.max(1, differences.length * 2);
  return differences.map(({ model, id, name, before: from, after: to }) => {
    const record = { model, id: from === null ? undefined : id, name: cutText(name, longestName) };
    if (from === null) return { create: record, values: shrunk({ ...to }, bytes) };
    // An update keeps empty fields, because the person must see when a field would be emptied.
    return to === null ? { delete: record } : { update: record, from: shrunk(from, bytes, true), to: shrunk(to, bytes, true) };
  });
}
