// Half a minute of a public fuzzer: no 5xx, and no answer that the document does not describe. The cases are the same each time;
// `npm run soak
// -- fuzz` runs longer with new ones, for every model of the document.

import { expect, test } from 'vitest';
import { fuzz } from '../helpers/fuzz.ts';
import { useInstance } from '../helpers/use_instance.ts';

const gateway = await useInstance();

test('half a minute of schemathesis finds no 5xx and no answer that violates the document', { timeout: 240_000 }, async () => {
  const seed = 1_900;
  const found = await fuzz(gateway, {
    key: gateway.keys.admin,
    tags: 'customers|projects|res\\.partner|Gateway|Any model',
    phases: ['examples', 'fuzzing'],
    examples: 20,
    seconds: 30,
    seed,
  });
  expect(found.failures, `seed ${seed}`).toEqual([]);
  expect(found.operations).toBeGreaterThan(20);
  expect(found.requests).toBeGreaterThan(100);
});
