import { expect, test } from 'vitest';
import { stop } from '../../sidecar/src/lifecycle.ts';
import { createLog } from '../../sidecar/src/log.ts';

const log = createLog('silent');

test('phases run in order, and one that hangs or fails does not stop the next', async () => {
  const done: string[] = [];
  const phase = (name: string, run: () => void | Promise<unknown>) => ({ name, limitMs: 20, run });
  const startedAt = performance.now();
  await stop(
    [
      phase('first', async () => done.push('first')),
      phase('hangs', () => new Promise(() => {})),
      phase('fails', () => Promise.reject(new Error('no'))),
      phase('throws', () => {
        throw new Error('no');
      }),
      phase('last', () => void done.push('last')),
    ],
    log,
  );
  expect(done).toEqual(['first', 'last']);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});
