// The time of the web client's own requests to Odoo while 64 connections get compiled reads from the gateway, and while as many
// connections read through Odoo. Compiled reads leave Odoo's workers free for people.
//
//   npm run bench -- compiled_web [--rounds 3] [--seconds 4]

import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { createInstance } from '../helpers/instance.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { until } from '../helpers/wait.ts';
import type { Measured } from './harness.ts';
import { compare, figuresOf, load, median, report, roundsAndSeconds } from './harness.ts';

const { rounds, seconds } = roundsAndSeconds(3, 4);
const path = '/api/v1/res.partner?fields=name,email,phone,city&limit=20&order=id';
const list = { name: {}, email: {}, phone: {}, country_id: { fields: { display_name: {} } } };

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
try {
  const orm = await gateway.startSidecar({ env: { GATEWAY_READ_POOL_SIZE: '0' } });
  const key = gateway.keys.bench;
  await until('the read is compiled', async () => {
    const { headers } = await gateway.get(path, { key, headers: { 'X-Gateway-Explain': '1' } });
    return headers.get('x-gateway-read') === 'compiled';
  });
  const web = await OdooWeb.login(gateway);

  /** A person who opens lists, one after the other. */
  async function person(): Promise<Measured> {
    const endsAt = performance.now() + seconds * 1_000;
    const times: number[] = [];
    while (performance.now() < endsAt) {
      const from = performance.now();
      await web.call('res.partner', 'web_search_read', [], { domain: [], specification: list, limit: 80 });
      times.push(performance.now() - from);
    }
    times.sort((a, b) => a - b);
    return { rps: times.length / seconds, p50Ms: median(times), p99Ms: times[Math.floor(times.length * 0.99)] ?? Number.NaN };
  }

  const answers: Record<string, number[]> = { compiled: [], orm: [] };
  async function beside(name: string, origin: string): Promise<Measured> {
    const headers = { Authorization: `Bearer ${key}` };
    const others = load(`${origin}${path}`, { connections: 64, seconds: seconds + 1, headers });
    const measured = await person();
    answers[name]?.push((await others).rps);
    return measured;
  }

  const measured = await compare(
    { rounds },
    {
      undisturbed: person,
      beside_compiled: () => beside('compiled', gateway.url),
      beside_orm: () => beside('orm', orm.url),
    },
  );
  const others = Object.fromEntries(Object.entries(answers).map(([name, rates]) => [`others_${name}_rps`, median(rates)]));
  report(
    'compiled_web',
    { ...figuresOf(measured), ...others },
    {
      p50_beside_compiled_vs_undisturbed: measured.beside_compiled.p50Ms / measured.undisturbed.p50Ms,
      p50_beside_orm_vs_undisturbed: measured.beside_orm.p50Ms / measured.undisturbed.p50Ms,
    },
  );
} finally {
  await gateway.close();
}
