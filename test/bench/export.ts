// A million records with five fields as NDJSON: records a second against paging Odoo's /json/2 by 1,000, memory of the sidecar,
// and an export that is cut halfway and continues.
//
//   npm run bench -- export [--records 1000000]

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs, promisify } from 'node:util';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { createInstance } from '../helpers/instance.ts';
import { median, report } from './harness.ts';

const execute = promisify(execFile);
const { values: options } = parseArgs({ options: { records: { type: 'string', default: '1000000' } } });
const records = Number(options.records);
const fields = ['name', 'email', 'phone', 'city', 'create_date'];
const domain = [['ref', '=', 'export']];
const pages = 30;

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
try {
  say(`  ${records} partners …`);
  await gateway.sql(
    `insert into res_partner (name, complete_name, active, color, autopost_bills, ref, email, phone, city, create_date, write_date)
     select 'Partner ' || n, 'Partner ' || n, true, 0, 'ask', 'export', 'p' || n || '@example.com', '+32 2 ' || n, 'Ghent',
       now() at time zone 'utc', now() at time zone 'utc'
     from generate_series(1, $1) n`,
    [records],
  );
  await gateway.sql('vacuum analyze res_partner');
  const bearer = `Authorization: Bearer ${gateway.keys.bench}`;
  const url = `${gateway.url}/api/v1/res.partner?fields=${fields}&filter[ref]=export`;
  const exported = async (asked: string, headers: readonly string[] = []): Promise<number> => {
    const given = [bearer, 'Accept: application/x-ndjson', ...headers].flatMap((header) => ['-H', header]);
    const { stdout } = await execute('curl', ['-sfg', '-o', '/dev/null', '-w', '%{time_total}', ...given, asked]);
    return Number(stdout);
  };

  await exported(`${url}&limit=50000`);
  const before = rss();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, rss());
  }, 100);
  // Memory must not grow with the number of records: exporting a tenth of them must take as much memory.
  await exported(`${url}&limit=${records / 10}`);
  const afterTenth = most;
  const seconds: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const took = await exported(url);
    seconds.push(took);
    say(`  export      ${Math.round(records / took)} records/s`);
  }
  clearInterval(watch);
  const csv = await exported(url, ['Accept: text/csv']);

  const byOffset = await paged((page) => ({ domain, offset: Math.floor((page * records) / pages / 1_000) * 1_000 }));
  let last = 0;
  const byKey = await paged(
    () => ({ domain: [...domain, ['id', '>', last]] }),
    (rows) => {
      last = rows.at(-1)?.id ?? last;
    },
  );
  await cutAndResumed(url);

  const perSecond = records / median(seconds);
  report(
    'export',
    {
      records,
      records_per_s: perSecond,
      csv_records_per_s: records / csv,
      json2_offset_records_per_s: byOffset,
      json2_behind_id_records_per_s: byKey,
      rss_before_mb: before,
      rss_growth_of_a_tenth_mb: afterTenth - before,
      rss_growth_mb: most - before,
    },
    { vs_json2_offset: perSecond / byOffset, vs_json2_behind_id: perSecond / byKey },
  );
} finally {
  await gateway.close();
}

/** Records a second of `/json/2`, in pages of 1,000. */
async function paged(
  pageOf: (page: number) => object,
  seen: (rows: readonly { id: number }[]) => void = () => {},
): Promise<number> {
  const headers = {
    'Content-Type': 'application/json',
    Authorization: `Bearer ${gateway.keys.bench}`,
    'X-Odoo-Database': gateway.database,
  };
  const startedAt = performance.now();
  for (let page = 0; page < pages; page += 1) {
    const body = JSON.stringify({ fields, limit: 1_000, order: 'id', ...pageOf(page) });
    const response = await fetch(`${gateway.odoo.url}/json/2/res.partner/search_read`, { method: 'POST', headers, body });
    const rows = (await response.json()) as { id: number }[];
    if (rows.length !== Math.min(1_000, records)) throw new Error(`a page of /json/2 has ${rows.length} records`);
    seen(rows);
  }
  const perSecond = (pages * 1_000 * 1_000) / (performance.now() - startedAt);
  say(`  /json/2     ${Math.round(perSecond)} records/s`);
  return perSecond;
}

/** Disconnects in the middle of the list, continues after the last record, and checks that each record arrived once. */
async function cutAndResumed(url: string): Promise<void> {
  const ids: number[] = [];
  while (ids.length < records) {
    const leaving = new AbortController();
    const headers = { Authorization: `Bearer ${gateway.keys.bench}`, Accept: 'application/x-ndjson' };
    const response = await fetch(`${url}&after=${ids.at(-1) ?? 0}`, { headers, signal: leaving.signal });
    const isFirst = ids.length === 0;
    let rest = '';
    for await (const piece of (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) ids.push(Number(/"id":(\d+)/.exec(line)?.[1]));
      if (isFirst && ids.length >= records / 2) break;
    }
    leaving.abort();
  }
  const isWhole = ids.length === records && ids.every((id, i) => i === 0 || id > (ids[i - 1] ?? 0));
  if (!isWhole) throw new Error(`cut and resumed: ${ids.length} records, or not in order`);
  say('  cut at half and resumed: each record once');
}

/** The sidecar's memory in MB. */
function rss(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.sidecar.pid}/status`, 'utf8'))?.[1]) / 1_024;
}
