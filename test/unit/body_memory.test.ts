import { expect, test } from 'vitest';
import { BodyMemory } from '../../sidecar/src/policies/body_memory.ts';

const overloaded = expect.objectContaining({ reason: 'request.overloaded', status: 503 });

test('a caller holds half of the memory at most, and a newcomer always finds room', () => {
  const memory = new BodyMemory(1_200);
  memory.hold('greedy', 600);
  expect(() => memory.hold('greedy', 1)).toThrow(overloaded);
  memory.hold('second', 300);
  expect(() => memory.hold('second', 1)).toThrow(overloaded);
  memory.hold('modest', 10);
  expect(memory.bytes).toBe(910);
});

test('what was answered is free again', () => {
  const memory = new BodyMemory(1_000);
  memory.hold('a', 500);
  memory.release('a', 500);
  memory.hold('a', 400);
  expect(memory.bytes).toBe(400);
});
