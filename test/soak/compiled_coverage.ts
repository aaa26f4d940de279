// Measures which share of the reads that the test suite, the guide, the seeds and real clients send is answered by compiled
// statements, and why Odoo answers the rest. compiled_mix.json holds the reads; record_requests.mjs describes how to record
// them.
//
//   npm run soak -- compiled_coverage

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import { createInstance } from '../helpers/instance.ts';

interface Recorded {
  times: number;
  as: 'admin' | 'demo' | 'bench';
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: unknown;
}

const leastShare = 0.7;
const mostTries = 100;
const passing = /^odoo:(?:new|moved|moving|busy|no_reader)/;

const mix = JSON.parse(readFileSync(new URL('compiled_mix.json', import.meta.url), 'utf8')) as Recorded[];
const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
try {
  let reads = 0;
  let compiled = 0;
  let notReads = 0;
  const others = new Map<string, number>();
  for (const recorded of mix) {
    const way = await wayOf(recorded);
    if (way === undefined) {
      notReads += 1;
      continue;
    }
    reads += recorded.times;
    if (way === 'compiled') compiled += recorded.times;
    else others.set(way, (others.get(way) ?? 0) + recorded.times);
  }
  for (const [way, times] of [...others].sort(([, a], [, b]) => b - a)) say(`  ${String(times).padStart(5)}  ${way}`);
  const share = compiled / reads;
  report('compiled_coverage', { requests: mix.length, reads, compiled, not_reads_or_refused: notReads }, { share });
  if (!(share >= leastShare)) process.exitCode = 1;
} finally {
  await gateway.close();
}

/** How the read was answered; undefined for requests that do not read records, or that are refused here. */
async function wayOf({ as, method, path, headers, body }: Recorded): Promise<string | undefined> {
  const options = {
    key: gateway.keys[as],
    headers: { ...headers, 'X-Gateway-Explain': '1', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  for (let tries = 1; ; tries += 1) {
    const answer = await gateway.request(method, path, options);
    const way = answer.headers.get('x-gateway-read');
    if (answer.status !== 200 || way === null) return undefined;
    if (!passing.test(way) || tries === mostTries) return way;
    await delay(20);
  }
}
