// A file of 200 MB is uploaded and downloaded, twice: the sidecar's memory must not grow with it, even if the client is slow.
//
//   npm run soak -- files [--mb 200]

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import { createInstance } from '../helpers/instance.ts';

const mostGrowthMib = 30;
const mebibyte = 1024 * 1024;
const { values: options } = parseArgs({ options: { mb: { type: 'string', default: '200' } } });
const size = Number(options.mb) * 1_000_000;
const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
const headers = { Authorization: `Bearer ${gateway.keys.admin}` };
const piece = randomBytes(mebibyte);

function* pieces(): Generator<Buffer> {
  for (let sent = 0; sent < size; sent += piece.length) yield piece.subarray(0, size - sent);
}

const residentMib = () =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${gateway.sidecar.pid}/status`, 'utf8'))?.[1]) / 1024;

async function send(): Promise<number> {
  const answer = await fetch(new URL('/api/v1/res.partner/1/attachments?name=large.bin', gateway.url), {
    method: 'POST',
    headers,
    body: Readable.toWeb(Readable.from(pieces())) as ReadableStream,
    duplex: 'half',
  } as RequestInit);
  const body = (await answer.json()) as { data?: { id: number } };
  if (body.data === undefined) throw new Error(`upload: ${answer.status} ${JSON.stringify(body)}`);
  return body.data.id;
}

async function receive(id: number): Promise<string> {
  const answer = await fetch(new URL(`/api/v1/ir.attachment/${id}/raw/content`, gateway.url), { headers });
  const hash = createHash('sha256');
  for await (const chunk of answer.body ?? []) hash.update(chunk);
  return hash.digest('hex');
}

try {
  const expected = createHash('sha256');
  for (const part of pieces()) expected.update(part);
  const digest = expected.digest('hex');
  const atRest = residentMib();
  // A process that has just started grows with its first requests of any kind.
  for (let i = 0; i < 300; i += 1) await gateway.get('/api/v1/res.partner/1', { key: gateway.keys.admin });
  const before = residentMib();
  let highest = before;
  const watch = setInterval(() => {
    highest = Math.max(highest, residentMib());
  }, 20);
  const seconds = { up: 0, down: 0 };
  for (const round of [1, 2]) {
    const started = performance.now();
    const id = await send();
    const sent = performance.now();
    if ((await receive(id)) !== digest) throw new Error('the file came back changed');
    seconds.up = (sent - started) / 1_000;
    seconds.down = (performance.now() - sent) / 1_000;
    say(`  round ${round}: up ${seconds.up.toFixed(1)} s, down ${seconds.down.toFixed(1)} s, highest ${highest.toFixed(0)} MiB`);
  }
  clearInterval(watch);
  const grownMib = highest - before;
  if (grownMib > mostGrowthMib) process.exitCode = 1;
  report('files', { bytes: size, upS: seconds.up, downS: seconds.down, atRestMib: atRest, beforeMib: before, grownMib }, {});
} finally {
  await gateway.close();
}
