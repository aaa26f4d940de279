import { expect, test } from 'vitest';
import { free, freeAround } from '../../sidecar/src/memory.ts';

test.each([1, 8_000, 30_000])('%i bytes in the pool of buffers are not freed', (length) => {
  const bytes = Buffer.from('a'.repeat(length));
  freeAround(bytes);
  free(bytes);
  expect(bytes.toString()).toBe('a'.repeat(length));
});

test('bytes with a buffer of their own are freed', () => {
  const [whole, part] = [Buffer.alloc(100_000), Buffer.alloc(200_000).subarray(5, 50)];
  free(whole);
  freeAround(part);
  expect([whole.length, part.length]).toEqual([0, 0]);
});
