// Documents that Odoo prints. One takes a worker for seconds, so few are printed at once; the others wait their turn.

import type { VerificationQueue } from '../credentials/verification_queue.ts';
import { GatewayError } from '../errors.ts';
import type { Odoo } from '../executor/execute.ts';
import { requestedId, requestedModel } from '../executor/target.ts';
import { chargeMore } from '../limits/limits.ts';
import type { Answer, RequestContext } from '../pipeline/context.ts';
import { readQuery } from '../pipeline/query.ts';
import { safely } from './content.ts';

/** A report counts as this many operations. */
const cost = 10;
const reportName = /^[A-Za-z_][\w.-]{0,127}$/;

/** `GET /api/v1/<model>/<id>/report/<name>`. Throws `report.busy`, `report.unavailable` and what Odoo throws. */
export async function printReport(odoo: Odoo, queue: VerificationQueue, context: RequestContext): Promise<Answer> {
  const { format = 'pdf' } = readQuery(context.asked.url, ['format']);
  if (format !== 'pdf' && format !== 'html') {
    throw new GatewayError('query.format', { message: 'format must be pdf or html.', details: { format } });
  }
  const report = String(context.request.params['name']);
  if (!reportName.test(report)) throw new GatewayError('odoo.missing', { message: 'There is no report of this name.' });
  const operation = { op: 'report', model: requestedModel(context), id: requestedId(context), report, format } as const;
  await chargeMore(context, cost - 1);
  const { database, principal } = context;
  const since = performance.now();
  const file = await queue.run(
    [database.name, `user:${principal.userId}`],
    async () => {
      context.timings.queue += performance.now() - since;
      if (context.response.destroyed) throw new GatewayError('request.incomplete');
    },
    () => odoo.report(context, operation),
  );
  return { status: 200, body: file.part, type: file.type, headers: safely(file) };
}
