// Floods beside normal readers: 20 refused requests a second of each kind, each just over its bound, while four callers
// read. Then five callers list files at once: first with answers over the size limit, then just under it. The sidecar's peak memory
// is measured each time.
//
//   npm run soak -- floods [--seconds 20]

import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import type { Instance } from '../helpers/instance.ts';
import { createInstance } from '../helpers/instance.ts';

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '20' } } });
const seconds = Number(options.seconds);
const readers = 4;
const perSecond = 20;
/** Files of 600 kB: 60 of them are 48 MB in base64, 40 are 32 MB. */
const files = 60;
const figures: Record<string, number> = {};
const ratios: Record<string, number> = {};

interface Flood {
  readonly path: string;
  readonly body?: unknown;
  readonly reason: string;
}

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
try {
  const fileIds = await makeFiles(gateway);
  await read(gateway, 5, undefined);
  for (const [kind, flood] of Object.entries(kinds(fileIds))) {
    const undisturbed = await read(gateway, seconds, undefined);
    const { p50, p99 } = await read(gateway, seconds, flood);
    figures[`${kind}_undisturbed_p99_ms`] = undisturbed.p99;
    figures[`${kind}_p99_ms`] = p99;
    ratios[`${kind}_p99`] = p99 / undisturbed.p99;
    say(
      `  ${kind}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; undisturbed ${undisturbed.p50.toFixed(1)} and ${undisturbed.p99.toFixed(1)} ms`,
    );
  }
  figures['five_lists_over_the_bound_mb'] = await fiveLists(gateway, fileIds, 422);
  figures['five_lists_under_the_bound_mb'] = await fiveLists(gateway, fileIds.slice(0, 40), 200);
  report('floods', figures, ratios);
} finally {
  await gateway.close();
}

function kinds(fileIds: readonly number[]): Record<string, Flood> {
  const terms = (path: string, count: number) => Array.from({ length: count }, (_, i) => [path, 'ilike', `x${i}`]);
  const list = (model: string, query: Record<string, string>) => `/api/v1/${model}?${new URLSearchParams(query)}`;
  const nested = '['.repeat(65) + ']'.repeat(65);
  return {
    relations: {
      path: list('res.partner', { domain: JSON.stringify(terms('child_ids.name', 17)) }),
      reason: 'request.too_complex',
    },
    paths: {
      path: list('res.partner', { domain: JSON.stringify(terms(`${'parent_id.'.repeat(8)}name`, 13)) }),
      reason: 'request.too_complex',
    },
    depth: { path: list('res.partner', { domain: nested }), reason: 'request.too_deep' },
    references: {
      path: '/api/v1/batch',
      body: [
        { id: 'a', op: 'search', model: 'res.partner', fields: ['name', 'email', 'phone'], limit: 40 },
        {
          op: 'call',
          model: 'res.partner',
          method: 'search_count',
          args: [Array.from({ length: 1_500 }, () => ({ $ref: 'a' }))],
        },
      ],
      reason: 'request.too_complex',
    },
    files: {
      path: list('ir.attachment', { domain: JSON.stringify([['id', 'in', fileIds]]), fields: 'datas' }),
      reason: 'answer.too_large',
    },
    expansions: {
      path: list('res.country', {
        domain: '[["code","=","US"]]',
        fields: 'state_ids.country_id.state_ids.country_id.state_ids.name',
      }),
      reason: 'answer.too_large',
    },
  };
}

/** The durations of the readers' requests during the flood, in milliseconds. */
async function read(instance: Instance, forSeconds: number, flood: Flood | undefined): Promise<{ p50: number; p99: number }> {
  const endsAt = performance.now() + forSeconds * 1_000;
  const durations: number[] = [];
  const reader = async () => {
    while (performance.now() < endsAt) {
      const startedAt = performance.now();
      const { status } = await instance.get('/api/v1/res.partner?fields=name,email&limit=20', { key: instance.keys.demo });
      if (status !== 200) throw new Error(`a reader got ${status}`);
      durations.push(performance.now() - startedAt);
      await delay(20);
    }
  };
  const flooding = async () => {
    const asked: Promise<void>[] = [];
    while (flood !== undefined && performance.now() < endsAt) {
      asked.push(refused(instance, flood));
      await delay(1_000 / perSecond);
    }
    await Promise.all(asked);
  };
  await Promise.all([flooding(), ...Array.from({ length: readers }, reader)]);
  durations.sort((a, b) => a - b);
  const at = (share: number) => durations[Math.floor(durations.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

async function refused(instance: Instance, { path, body, reason }: Flood): Promise<void> {
  const key = instance.keys.admin;
  const { json, text } = body === undefined ? await instance.get(path, { key }) : await instance.post(path, body, { key });
  if (json?.error?.reason !== reason) throw new Error(`${path.slice(0, 80)}: ${text.slice(0, 300)}`);
}

/** The most memory that the sidecar took while five callers asked for all the files at once, in megabytes. */
async function fiveLists(instance: Instance, ids: readonly number[], status: number): Promise<number> {
  const of = `/proc/${instance.sidecar.pid}`;
  writeFileSync(`${of}/clear_refs`, '5'); // resets the measured peak
  const path = `/api/v1/ir.attachment?${new URLSearchParams({ domain: JSON.stringify([['id', 'in', ids]]), fields: 'datas' })}`;
  const answers = await Promise.all(Array.from({ length: 5 }, () => instance.get(path, { key: instance.keys.admin })));
  const other = answers.find((answer) => answer.status !== status);
  if (other !== undefined) throw new Error(`a list of files got ${other.status}`);
  const [, peak] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`${of}/status`, 'utf8')) ?? [];
  return Number(peak) / 1_000;
}

function makeFiles(instance: Instance): Promise<number[]> {
  return instance.orm('ir.attachment', 'create', {
    vals_list: Array.from({ length: files }, (_, i) => ({
      name: `File ${i}`,
      datas: Buffer.alloc(600_000, `${i}`).toString('base64'),
    })),
  });
}
