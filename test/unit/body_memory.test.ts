import type { Request, Response } from 'express';
import { expect, test } from 'vitest';
import type { Database } from '../../sidecar/src/db/database.ts';
import { BodyMemory } from '../../sidecar/src/pipeline/body_memory.ts';
import type { Endpoint, Principal } from '../../sidecar/src/pipeline/context.ts';
import { RequestContext } from '../../sidecar/src/pipeline/context.ts';

const overloaded = expect.objectContaining({ reason: 'request.overloaded', status: 503 });

test('a caller uses at most half of the memory, and a new caller always finds room', () => {
  const memory = new BodyMemory(1_200);
  memory.hold('greedy', 600, 10);
  expect(() => memory.hold('greedy', 1, 10)).toThrow(overloaded);
  memory.hold('second', 300, 10);
  expect(() => memory.hold('second', 1, 10)).toThrow(overloaded);
  memory.hold('modest', 10, 10);
  expect(memory.bytes).toBe(910);
});

test('two bodies of the largest size fit, however large the limit in the settings is', () => {
  const memory = new BodyMemory(1_200);
  memory.hold('a', 1_000, 1_000);
  memory.hold('a', 1_000, 1_000);
  expect(() => memory.hold('a', 1, 1_000)).toThrow(overloaded);
});

test('an answered request frees its memory', () => {
  const memory = new BodyMemory(1_000);
  memory.hold('a', 500, 10);
  memory.release('a', 500);
  memory.hold('a', 400, 10);
  expect(memory.bytes).toBe(400);
});

test('all keys of a user in one database count as one caller; requests without a user count per network address', () => {
  const endpoint: Endpoint = { name: 'test', access: 'anonymous', handle: () => ({ status: 200, body: null }) };
  const holder = (database: string, caller: Partial<Principal> | undefined, address = '203.0.113.7') => {
    const context = new RequestContext({ headers: {} } as Request, {} as Response, endpoint);
    context.database = { name: database } as Database;
    if (caller !== undefined) context.principal = caller as Principal;
    context.address = address;
    return context.holder;
  };
  const own = holder('a', { userId: 6, consumer: 'odoo_key:1', subject: 'odoo_key:1' });
  expect(holder('a', { userId: 6, consumer: 'odoo_key:2', subject: 'odoo_key:2' }, '203.0.113.8')).toBe(own);
  expect(holder('b', { userId: 6, consumer: 'odoo_key:1', subject: 'odoo_key:1' })).not.toBe(own);
  expect(holder('a', { userId: 7, consumer: 'odoo_key:3', subject: 'odoo_key:3' })).not.toBe(own);
  expect(holder('a', undefined, '2001:db8::1')).toBe(holder('b', undefined, '2001:db8::2'));
});
