// How much other callers delay one caller: the time of its single reads while it is undisturbed, beside a greedy consumer with 64
// connections of slow reads, beside a burst of unknown keys, and beside logins with wrong passwords.
//
//   npm run bench -- fairness [--rounds 3] [--seconds 4]

import { randomBytes } from 'node:crypto';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { createInstance } from '../helpers/instance.ts';
import type { Measured } from './harness.ts';
import { compare, figuresOf, load, report, roundsAndSeconds } from './harness.ts';

const { rounds, seconds } = roundsAndSeconds(3, 4);

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
try {
  const orders = await gateway.orm<number[]>('sale.order', 'search', { domain: [], limit: 80 });
  if (orders.length === 0) throw new Error('The demo data has no sale orders.');
  // Copies orders until there are eighty, so that a page is full.
  for (let count = orders.length, i = 0; count < 80; count += 1, i += 1) {
    await gateway.orm('sale.order', 'copy', { ids: [orders[i % orders.length]] });
  }
  const fields = 'name,partner_id.name,order_line.name,order_line.product_id.name,order_line.price_subtotal,amount_total';
  const slow = `/api/v1/sale.order?limit=80&fields=${fields}`;
  const single = '/api/v1/res.partner/1?fields=name,email,city';
  for (const [path, key] of [
    [slow, gateway.keys.admin],
    [single, gateway.keys.demo],
  ] as const) {
    const answer = await gateway.get(path, { key });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text.slice(0, 300)}`);
  }

  const modest = () =>
    load(`${gateway.url}${single}`, {
      connections: 2,
      seconds,
      headers: { Authorization: `Bearer ${gateway.keys.demo}` },
    });

  /** The modest caller's time while `ask` is repeated without a pause on this many connections. */
  async function beside(connections: number, ask: (i: number) => Promise<{ status: number }>): Promise<Measured> {
    let isOver = false;
    let answers = 0;
    const others = Array.from({ length: connections }, async () => {
      while (!isOver) {
        await ask(answers);
        answers += 1;
      }
    });
    // After this pause, the others have filled all the slots that they can get.
    await new Promise((resolve) => setTimeout(resolve, 500));
    try {
      return await modest();
    } finally {
      isOver = true;
      await Promise.all(others);
    }
  }

  const measured = await compare(
    { rounds },
    {
      undisturbed: modest,
      greedy: () => beside(64, () => gateway.get(slow, { key: gateway.keys.admin })),
      unknown_keys: () => beside(64, () => gateway.get('/api/v1/ping', { key: randomBytes(20).toString('hex') })),
      logins: () => beside(16, (i) => gateway.post('/api/v1/auth/login', { login: `nobody${i}`, password: 'wrong' })),
    },
  );
  report('fairness', figuresOf(measured), {
    p50_beside_greedy_vs_undisturbed: measured.greedy.p50Ms / measured.undisturbed.p50Ms,
    p99_beside_greedy_vs_undisturbed: measured.greedy.p99Ms / measured.undisturbed.p99Ms,
    p99_beside_unknown_keys_vs_undisturbed: measured.unknown_keys.p99Ms / measured.undisturbed.p99Ms,
    p99_beside_logins_vs_undisturbed: measured.logins.p99Ms / measured.undisturbed.p99Ms,
  });
} finally {
  await gateway.close();
}
