import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Compiler } from '../../sidecar/src/compiled/compiler.ts';
import type { Plan } from '../../sidecar/src/compiled/plan.ts';
import { PlanCache, planKey } from '../../sidecar/src/compiled/plan_cache.ts';

const plan = (bytes = 100) => ({ text: 'select', versions: 'v1', bytes }) as unknown as Plan;
const all = { scopes: null, models: null };

test('a plan is used only for the same user, grant, context and shape', () => {
  const keys = [
    planKey(6, all, {}, 'shape'),
    planKey(7, all, {}, 'shape'),
    planKey(6, { scopes: ['read'], models: null }, {}, 'shape'),
    planKey(6, { scopes: null, models: ['res.partner'] }, {}, 'shape'),
    planKey(6, all, { lang: 'fr_FR' }, 'shape'),
    planKey(6, all, {}, 'other'),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(planKey(6, { scopes: null, models: null }, {}, 'shape')).toBe(keys[0]);
});

test('changed versions discard all plans, and a plan that was being compiled meanwhile is not kept', () => {
  const plans = new PlanCache();
  plans.begin('a')(plan());
  const keep = plans.begin('b');
  expect(plans.outdated('v2')).toBe(true);
  keep(plan());
  expect([plans.get('a'), plans.get('b')]).toEqual([undefined, undefined]);
  plans.begin('b')(plan());
  // A statement that began earlier still reports the old versions.
  expect(plans.outdated('v2')).toBe(false);
  expect(plans.get('b')).toBeDefined();
});

test('the total size of all plans is limited, and refusals are remembered with their reason', () => {
  const plans = new PlanCache();
  const mebibyte = 1024 * 1024;
  for (let i = 0; i < 100; i += 1) plans.begin(`${i}`)(plan(mebibyte));
  const kept = Array.from({ length: 100 }, (_, i) => plans.get(`${i}`)).filter((entry) => entry !== undefined);
  expect(kept.length).toBeGreaterThan(40);
  expect(kept.length).toBeLessThan(49);
  plans.refuse('r', { why: 'field', what: 'res.partner.vat' });
  expect(plans.get('r')).toMatchObject({ refused: { why: 'field', what: 'res.partner.vat' } });
});

test('shapes are compiled one at a time, with pauses; while Odoo is busy, only shapes that are used repeatedly', async () => {
  let isBusy = false;
  const compiler = new Compiler(() => isBusy);
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const consider = (key: string) =>
    compiler.consider(key, () => {
      begun.push(key);
      return new Promise<void>((resolve) => ends.push(resolve));
    });
  consider('a');
  for (let i = 0; i < 100; i += 1) consider(`flood ${i}`);
  expect(begun).toEqual(['a']);
  ends[0]?.();
  await turn();
  isBusy = true;
  const until = performance.now() + 1_000;
  while (begun.length === 1 && performance.now() < until) {
    consider('b');
    await turn();
  }
  expect(begun).toEqual(['a', 'b']);
  ends[1]?.();
});
