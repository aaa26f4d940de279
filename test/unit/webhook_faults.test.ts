import { Agent } from 'undici';
import { beforeAll, expect, test } from 'vitest';
import type { Job, Webhook } from '../../sidecar/src/db/webhooks.ts';
import { deliver } from '../../sidecar/src/webhooks/deliver.ts';
import { guardedConnector, parseAllowed } from '../../sidecar/src/webhooks/egress.ts';
import type { Certificates, Fault } from '../helpers/faulty_receiver.ts';
import { faults, startFaultyReceiver } from '../helpers/faulty_receiver.ts';
import { selfSigned } from '../helpers/https_server.ts';

let certificates: Certificates;

beforeAll(async () => {
  const [known, unknown] = await Promise.all([selfSigned(), selfSigned()]);
  certificates = { known, unknown };
});

/** Only the deadline ends these faults, so it is short for them. The other faults must not reach it, even on a busy machine. */
const slow = faults.filter((fault) => fault.drips !== undefined || fault.then === 'wait');
const quick = faults.filter((fault) => !slow.includes(fault));

test.concurrent.each(slow)('$name', (fault) => check(fault, 500));
test.each(quick)('$name', (fault) => check(fault, fault.endless !== undefined && !fault.delivered ? 500 : 3_000));

async function check(fault: Fault, timeoutMs: number): Promise<void> {
  const receiver = await startFaultyReceiver(fault, certificates);
  const webhook: Webhook = {
    id: 1,
    name: 'Test',
    url: receiver.url,
    model: 'res.partner',
    userId: 2,
    lang: null,
    fields: [],
    concurrency: 1,
    secrets: [Buffer.alloc(32)],
    headers: [],
  };
  const job: Job = {
    id: 1,
    eventId: 'e',
    webhookId: 1,
    event: 'write',
    model: 'res.partner',
    resId: 7,
    changed: [],
    previous: null,
    recordValues: null,
    attempts: 0,
    body: null,
    createdAt: new Date(0),
  };
  const connect = guardedConnector(parseAllowed(['127.0.0.1']), timeoutMs, { ca: certificates.known.cert });
  const agent = new Agent({ maxHeaderSize: 16_384, connect });
  const result = await deliver(agent, webhook, job, '{}', timeoutMs);
  await agent.destroy();
  receiver.close();
  expect(result.ms).toBeLessThan(timeoutMs + 1_000);
  expect(result).toMatchObject({ outcome: fault.delivered ? 'delivered' : 'failed' });
  if (fault.status !== undefined) expect(result.status).toBe(fault.status);
  if (!fault.delivered) expect(result.error).toMatch(/^(127\.0\.0\.1: .{5}|No answer within 0\.5 s$|Answered \d{3}\b)/);
  // Postgres must be able to store the result.
  expect(JSON.stringify(result)).not.toContain('\\u0000');
}
