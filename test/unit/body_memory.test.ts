import { expect, test } from 'vitest';
import { BodyMemory } from '../../sidecar/src/pipeline/body_memory.ts';

const overloaded = expect.objectContaining({ reason: 'request.overloaded', status: 503 });

test('a caller holds half of the memory at most, and a newcomer always finds room', () => {
  const memory = new BodyMemory(1_200);
  memory.hold('greedy', 600, 10);
  expect(() => memory.hold('greedy', 1, 10)).toThrow(overloaded);
  memory.hold('second', 300, 10);
  expect(() => memory.hold('second', 1, 10)).toThrow(overloaded);
  memory.hold('modest', 10, 10);
  expect(memory.bytes).toBe(910);
});

test('two bodies of the largest size fit, however large an administrator lets them be', () => {
  const memory = new BodyMemory(1_200);
  memory.hold('a', 1_000, 1_000);
  memory.hold('a', 1_000, 1_000);
  expect(() => memory.hold('a', 1, 1_000)).toThrow(overloaded);
});

test('what was answered is free again', () => {
  const memory = new BodyMemory(1_000);
  memory.hold('a', 500, 10);
  memory.release('a', 500);
  memory.hold('a', 400, 10);
  expect(memory.bytes).toBe(400);
});
