// Documents that Odoo prints. Printing occupies a worker for seconds, so all sidecars together have only a few places for printing,
// each for one report at a time. Other requests wait.

import { setTimeout as delay } from 'node:timers/promises';
import { VerificationQueue } from '../credentials/verification_queue.ts';
import { GatewayError } from '../errors.ts';
import type { Odoo } from '../executor/execute.ts';
import type { FilePart, ReportOperation } from '../executor/operations.ts';
import { requestedId, requestedModel } from '../executor/target.ts';
import { chargeMore } from '../limits/limits.ts';
import type { Answer, RequestContext } from '../pipeline/context.ts';
import { readQuery } from '../pipeline/query.ts';
import { safely } from './content.ts';

/** A report counts as this many operations. */
const cost = 10;
const reportName = /^[A-Za-z_][\w.-]{0,127}$/;
/** How often to ask again while other sidecars occupy all places. */
const askAgainMs = 100;
/** The pause between two reports of this sidecar, in which a sidecar that asks again can get the place. */
const pauseMs = 120;

/** This sidecar's queue for the places. */
export class Printing {
  readonly #places: number;
  readonly #longestWaitMs: number;
  readonly #queue: VerificationQueue;
  #lastEnd = Number.NEGATIVE_INFINITY;

  constructor({ odooWorkers, requestTimeoutMs }: { readonly odooWorkers: number; readonly requestTimeoutMs: number }) {
    // A report that is being printed requests its style sheets from Odoo, so some workers must stay free.
    this.#places = Math.max(1, Math.floor(odooWorkers / 4));
    this.#longestWaitMs = requestTimeoutMs / 2;
    this.#queue = new VerificationQueue({
      concurrency: this.#places,
      mostWaiting: 100,
      longestWaitMs: this.#longestWaitMs,
      refusal: 'report.busy',
    });
  }

  /** Prints a document. Rejects with `report.busy`, `report.unavailable` and what Odoo throws. */
  print(odoo: Odoo, context: RequestContext, operation: Omit<ReportOperation, 'op' | 'places'>): Promise<FilePart> {
    const { database, principal, timings } = context;
    const since = performance.now();
    return this.#queue.run(
      [database.name, `user:${principal.userId}`],
      async () => {
        const pause = this.#lastEnd + pauseMs - performance.now();
        if (pause > 0) await delay(pause);
        timings.queue += performance.now() - since;
        requireCaller(context);
      },
      async () => {
        for (;;) {
          try {
            const file = await odoo.report(context, { op: 'report', ...operation, places: this.#places });
            this.#lastEnd = performance.now();
            return file;
          } catch (error) {
            const isBusy = error instanceof GatewayError && error.reason === 'report.busy';
            if (!isBusy || performance.now() + askAgainMs > since + this.#longestWaitMs) throw error;
          }
          await delay(askAgainMs);
          timings.queue += askAgainMs;
          requireCaller(context);
        }
      },
    );
  }
}

function requireCaller({ response }: RequestContext): void {
  if (response.destroyed) throw new GatewayError('request.incomplete');
}

/** `GET /api/v1/<model>/<id>/report/<name>`. Throws `report.busy`, `report.unavailable` and what Odoo throws. */
export async function printReport(odoo: Odoo, printing: Printing, context: RequestContext): Promise<Answer> {
  const { format = 'pdf' } = readQuery(context.asked.url, ['format']);
  if (format !== 'pdf' && format !== 'html') {
    throw new GatewayError('query.format', { message: 'format must be pdf or html.', details: { format } });
  }
  const report = String(context.request.params['name']);
  if (!reportName.test(report)) throw new GatewayError('odoo.missing', { message: 'There is no report of this name.' });
  const operation = { model: requestedModel(context), id: requestedId(context), report, format } as const;
  await chargeMore(context, cost - 1);
  const file = await printing.print(odoo, context, operation);
  return { status: 200, body: file.part, type: file.type, headers: safely(file) };
}
