import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { VerificationQueue } from '../../sidecar/src/credentials/verification_queue.ts';

const from = ['shop', '192.0.2.1'] as const;
const free = async () => {};

/** A hash that runs until `letGo` is called. */
function held() {
  const { promise, resolve } = Promise.withResolvers<string>();
  return { hash: () => promise, letGo: () => resolve('done') };
}

test('no more hashes run at once than there are slots; the others follow in order of arrival', async () => {
  const queue = new VerificationQueue({ concurrency: 2, mostWaiting: 10, longestWaitMs: 10_000 });
  const order: number[] = [];
  let running = 0;
  let most = 0;
  const hash = (number: number) => async () => {
    order.push(number);
    running += 1;
    most = Math.max(most, running);
    await delay(1);
    running -= 1;
  };
  await Promise.all([0, 1, 2, 3, 4, 5].map((number) => queue.run(from, free, hash(number))));
  expect(most).toBe(2);
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
});

test('a check that finds the queue full is refused, and its hash is not computed', async () => {
  const queue = new VerificationQueue({ concurrency: 1, mostWaiting: 1, longestWaitMs: 10_000 });
  const first = held();
  const running = queue.run(from, free, first.hash);
  const waiting = queue.run(from, free, async () => 'second');
  let computed = false;
  await expect(queue.run(from, free, async () => (computed = true))).rejects.toMatchObject({
    reason: 'auth.overloaded',
    status: 503,
  });
  expect(computed).toBe(false);
  first.letGo();
  expect(await Promise.all([running, waiting])).toEqual(['done', 'second']);
});

test('a check that waited too long is refused at its turn; later checks still run', async () => {
  const queue = new VerificationQueue({ concurrency: 1, mostWaiting: 10, longestWaitMs: 50 });
  const first = held();
  const running = queue.run(from, free, first.hash);
  const late = expect(queue.run(from, free, async () => 'late')).rejects.toMatchObject({ reason: 'auth.overloaded' });
  await delay(60);
  const inTime = queue.run(from, free, async () => 'in time');
  first.letGo();
  await late;
  expect(await inTime).toBe('in time');
  await running;
});

test('a hash that fails frees its slot', async () => {
  const queue = new VerificationQueue({ concurrency: 1, mostWaiting: 1, longestWaitMs: 10_000 });
  await expect(queue.run(from, free, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await queue.run(from, free, async () => 'next')).toBe('next');
});

test('networks take turns, and a network that floods the queue gives way to the others', async () => {
  const queue = new VerificationQueue({ concurrency: 1, mostWaiting: 4, longestWaitMs: 10_000 });
  const order: string[] = [];
  const run = (network: string) =>
    queue
      .run(['shop', network], free, async () => order.push(network))
      .then(() => {})
      .catch((error: { reason: string }) => order.push(`${network}: ${error.reason}`));
  const first = held();
  const running = queue.run(from, free, first.hash);
  const flood = Array.from({ length: 5 }, () => run('flood'));
  const others = ['one', 'two'].map(run);
  first.letGo();
  await Promise.all([running, ...flood, ...others]);
  expect(order).toEqual([...Array(3).fill('flood: auth.overloaded'), 'flood', 'one', 'two', 'flood']);
});

test('a check is not hashed if no room for its possible failure can be reserved', async () => {
  const queue = new VerificationQueue({ concurrency: 1, mostWaiting: 4, longestWaitMs: 10_000 });
  const noPlace = () => Promise.reject(new Error('no place'));
  await expect(queue.run(from, noPlace, async () => 'hashed')).rejects.toThrow('no place');
  expect(queue.load).toEqual({ hashed: 0, waiting: 0 });
  expect(await queue.run(from, free, async () => 'next')).toBe('next');
});
