// Random requests of random users, many at once: each answer must equal what Odoo's ORM returns for that user. The requests are
// the same each time, so a failing run means that the code has changed. `npm run soak -- differential` generates new ones, and
// with `--seed N --case K` it repeats one request.

import { afterAll, expect, test } from 'vitest';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { createInstance } from '../helpers/instance.ts';
import { describe, runDifferential } from './run.ts';

const cases = 1_500;
const seed = Number(process.env['DIFFERENTIAL_SEED'] ?? 1073);

const real = { ...(await provideRealParts()), sharedOdooUrl: null };
const gateway = await createInstance(real);
afterAll(() => gateway.close());

test('1,500 answers equal those of the ORM, while rights, rules and fields change', { timeout: 600_000 }, async () => {
  say(`seed ${seed}`);
  const outcome = await runDifferential(gateway, real, { seed, cases, atOnce: 64, again: 2, variants: 0, sidecars: 1, say });
  expect(outcome.differences.map((difference) => describe(difference, seed))).toEqual([]);
  expect(outcome.cases).toBe(cases);
  // If all requests were refused or found no records, the test would prove nothing.
  expect(outcome.withRecords).toBeGreaterThan(cases / 5);
  expect(outcome.refusals).toBeGreaterThan(cases / 50);
  expect(outcome.undecided).toBeLessThan(cases / 20);
  // Two requests of each block are repeated, and further ones until the ORM has answered. About 7 of 10 can be compiled.
  expect(outcome.compiled).toBeGreaterThan(cases / 100);
  // Most reads had to wait, so they shared a body with others.
  expect(outcome.inCompany).toBeGreaterThan(cases / 2);
});
