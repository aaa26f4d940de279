import { expect, test } from 'vitest';
import { FairQueue } from '../../sidecar/src/fair_queue.ts';

interface Item {
  readonly name: string;
}

/** Pushes items named by their path and number: `shop/a 1`. */
function filled(most: number, ...paths: string[]) {
  const queue = new FairQueue<Item>(most);
  const counts = new Map<string, number>();
  const left: string[] = [];
  const push = (path: string) => {
    const number = (counts.get(path) ?? 0) + 1;
    counts.set(path, number);
    const leaving = queue.push(path.split('/'), { name: `${path} ${number}` });
    if (leaving !== undefined) left.push(leaving.name);
  };
  for (const path of paths) push(path);
  const takeAll = () => {
    const names: string[] = [];
    for (let item = queue.take(); item !== undefined; item = queue.take()) names.push(item.name);
    return names;
  };
  return { queue, push, left, takeAll };
}

const times = (count: number, path: string) => Array.from({ length: count }, () => path);

test('consumers take turns, each served in the order of arrival', () => {
  const { takeAll } = filled(100, ...times(5, 'shop/greedy'), ...times(2, 'shop/modest'), 'shop/other');
  expect(takeAll()).toEqual([
    'shop/greedy 1',
    'shop/modest 1',
    'shop/other 1',
    'shop/greedy 2',
    'shop/modest 2',
    'shop/greedy 3',
    'shop/greedy 4',
    'shop/greedy 5',
  ]);
});

test('databases take turns, however many consumers one of them has', () => {
  const { takeAll } = filled(100, 'shop/a', 'shop/b', 'shop/c', 'works/a', 'works/a');
  expect(takeAll()).toEqual(['shop/a 1', 'works/a 1', 'shop/b 1', 'works/a 2', 'shop/c 1']);
});

test('a caller that was served goes to the end, even if it comes back immediately', () => {
  const { queue, push } = filled(100, 'greedy', 'greedy', 'modest');
  expect(queue.take()?.name).toBe('greedy 1');
  expect(queue.take()?.name).toBe('modest 1');
  push('modest');
  expect(queue.take()?.name).toBe('greedy 2');
  expect(queue.take()?.name).toBe('modest 2');
});

test('an item that is not accepted keeps its turn', () => {
  const { queue } = filled(100, 'a', 'a', 'b', 'c');
  expect(queue.take(({ name }) => !name.startsWith('a'))?.name).toBe('b 1');
  expect(queue.take()?.name).toBe('a 1');
  expect(queue.take(({ name }) => name.startsWith('x'))).toBeUndefined();
  expect(queue.size).toBe(2);
});

test('only the first item of a leaf is offered', () => {
  const { queue } = filled(100, 'a', 'a');
  expect(queue.take(({ name }) => name === 'a 2')).toBeUndefined();
});

test('a consumer may use all free places, but gives way to consumers with fewer', () => {
  const { queue, push, left } = filled(4, ...times(4, 'shop/greedy'));
  expect(left).toEqual([]);
  push('shop/modest');
  push('shop/modest');
  expect(left).toEqual(['shop/greedy 4', 'shop/greedy 3']);
  // Now both have the same number: neither displaces the other.
  push('shop/modest');
  push('shop/greedy');
  expect(left.slice(2)).toEqual(['shop/modest 3', 'shop/greedy 5']);
  expect([queue.sizeOf(['shop', 'greedy']), queue.sizeOf(['shop', 'modest']), queue.sizeOf(['shop'])]).toEqual([2, 2, 4]);
});

test('a database with many consumers gives way to one with few', () => {
  const { left, push } = filled(3, 'shop/a', 'shop/b', 'shop/c');
  push('works/a');
  expect(left).toEqual(['shop/a 1']);
  push('shop/d');
  expect(left).toEqual(['shop/a 1', 'shop/d 1']);
});

test('a deleted item is not taken, and leaves no trace', () => {
  const queue = new FairQueue<Item>(10);
  const items = ['first', 'second'].map((name) => ({ name }));
  for (const item of items) queue.push(['shop', 'a'], item);
  const [first, second] = items as [Item, Item];
  expect([queue.delete(first), queue.delete(first)]).toEqual([true, false]);
  expect(queue.size).toBe(1);
  expect(queue.take()).toBe(second);
  expect([queue.size, queue.sizeOf(['shop'])]).toEqual([0, 0]);
});

test('many items of many consumers pass quickly', () => {
  const queue = new FairQueue<{ consumer: number }>(10_000);
  const startedAt = performance.now();
  let taken = 0;
  for (let i = 0; i < 200_000; i += 1) {
    queue.push([`database ${i % 3}`, `consumer ${i % 500}`], { consumer: i % 500 });
    if (i >= 5_000 && queue.take() !== undefined) taken += 1;
  }
  expect(taken).toBe(195_000);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
