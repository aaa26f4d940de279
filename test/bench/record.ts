// The cost of counting and logging: `ping` without any recording, counted (as at the log level `errors`), and logged with its
// metadata. The contestants are processes of the same sidecar on the same database; each is called with its own key.

import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import type { Sidecar } from '../helpers/instance.ts';
import { createInstance } from '../helpers/instance.ts';
import { compare, load, report } from './harness.ts';

const effort = { connections: 16, seconds: 4 };
const rounds = 7;

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
try {
  const { bench, admin } = gateway.keys;
  const [profile] = await gateway.orm<number[]>('gateway.profile', 'create', {
    vals_list: [{ name: 'Logged', log_level: 'metadata' }],
  });
  await gateway.sql(
    'update res_users set gateway_profile_id = $1 where id = (select user_id from res_users_apikeys where index = $2)',
    [profile, admin.slice(0, 8)],
  );
  const without = new URL('./without_recording.ts', import.meta.url).href;
  const unrecorded = await gateway.startSidecar({ env: { NODE_OPTIONS: `--import=${without}` } });
  const recorded = gateway.sidecar;
  const ping = (sidecar: Sidecar, key: string) => () =>
    load(`${sidecar.url}/api/v1/ping`, { ...effort, headers: { Authorization: `Bearer ${key}` } });

  const measured = await compare(
    { rounds },
    { off: ping(unrecorded, bench), count: ping(recorded, bench), metadata: ping(recorded, admin) },
  );
  report(
    'record',
    { off_rps: measured.off.rps, count_rps: measured.count.rps, metadata_rps: measured.metadata.rps },
    {
      count_vs_off: measured.count.rps / measured.off.rps,
      metadata_vs_off: measured.metadata.rps / measured.off.rps,
    },
  );
  await gateway.sidecar.stop();
  const [counted] = await gateway.sql<{ requests: string; rows: string; dropped: string }>(
    `select
       (select sum(requests) from gateway.request_stat where step = 'minute' and consumer = '*' and facet = 'total') as requests,
       (select count(*) from gateway.request_log) as rows,
       (select coalesce(sum(rows), 0) from gateway.request_log_dropped) as dropped`,
  );
  process.stderr.write(`counted ${counted?.requests}, logged ${counted?.rows}, dropped ${counted?.dropped}\n`);
} finally {
  await gateway.close();
}
