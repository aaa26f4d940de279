// Random questions for aggregates as four users, each answer compared with Odoo's; see test/differential/aggregates.ts.
//
//   npm run soak -- aggregates [--cases 500] [--seed 7]

import { parseArgs } from 'node:util';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import { differenceOf, questions } from '../differential/aggregates.ts';
import { createInstance } from '../helpers/instance.ts';
import { createOdooKey, createUser } from '../helpers/odoo_keys.ts';

const { values: options } = parseArgs({
  options: { cases: { type: 'string', default: '500' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) } },
});
const seed = Number(options.seed);
const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
try {
  say(`  seed ${seed}`);
  const seller = await createUser(gateway, 'aggregates_seller', ['base.group_user', 'sales_team.group_sale_salesman']);
  const clerk = await createUser(gateway, 'aggregates_clerk');
  const own = await Promise.all([seller, clerk].map((userId) => createOdooKey(gateway, { userId, rounds: 1 })));
  const users = [gateway.keys.admin, gateway.keys.demo, ...own.map(({ secret }) => secret)];
  let differences = 0;
  for (const [i, question] of questions(seed, Number(options.cases)).entries()) {
    const difference = await differenceOf(gateway, question, users[i % users.length] ?? '');
    if (difference === undefined) continue;
    differences += 1;
    say(`  ${i} as user ${i % users.length}: ${difference}\n    ${JSON.stringify(question)}`);
  }
  if (differences > 0) process.exitCode = 1;
  report('aggregates', { seed, cases: Number(options.cases), users: users.length, differences }, {});
} finally {
  await gateway.close();
}
