// Compares docs/metrics.md with what a sidecar serves.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useInstance } from '../helpers/use_instance.ts';

const token = 'a-token-for-metrics-1';
const gateway = await useInstance({ shared: true, env: { GATEWAY_METRICS_TOKEN: token } });

test('docs/metrics.md names each metric of the gateway, with its type and labels, and no other', async () => {
  await gateway.get('/api/v1/res.partner?limit=1', { key: gateway.keys.demo });
  const { text } = await gateway.get('/metrics', { key: token });
  const types = new Map([...text.matchAll(/^# TYPE (gateway_\w+) (\w+)$/gm)].map(([, name = '', type]) => [name, type]));
  const page = readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(gateway_\w+)` \| (\w+) \| (.*?) \|/gm)];
  expect(Object.fromEntries(rows.map(([, name = '', type]) => [name, type]))).toEqual(Object.fromEntries(types));

  for (const [, name = '', , labels = ''] of rows) {
    const sample = new RegExp(`^${name}(?:_count)?(?:\\{(.*?)\\})? `, 'm').exec(text);
    const served = [...(sample?.[1] ?? '').matchAll(/(\w+)="/g)].map(([, label]) => label);
    const written = [...labels.matchAll(/(?:^|, )`(\w+)`(?=,|:|$)/g)].map(([, label]) => label);
    // A counter of events that have not happened yet has no sample.
    if (sample !== null) expect([name, served]).toEqual([name, served.filter((label) => written.includes(label))]);
  }
});

test('the metrics of the alerts exist', async () => {
  const { text } = await gateway.get('/metrics', { key: token });
  const page = readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8');
  const [alerts = ''] = /```promql[\s\S]*?```/.exec(page) ?? [];
  const named = [...new Set([...alerts.matchAll(/gateway_\w+/g)].map(([name]) => name))];
  expect(named.length).toBeGreaterThan(4);
  expect(named.filter((name) => !text.includes(`# TYPE ${name} `))).toEqual([]);
});
