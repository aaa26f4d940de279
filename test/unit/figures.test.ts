import { expect, test } from 'vitest';
import { Figures } from '../../sidecar/src/traffic/figures.ts';

const request = {
  at: 60_000 * 1_000,
  consumer: { consumer: 'odoo_key:1', name: 'Shop', user_id: 6 },
  route: '/api/v1/:model',
  model: undefined,
  method: 'GET',
  status: 200,
  reason: undefined,
  way: undefined,
  cost: 1,
  gatewayMs: 3,
  odooMs: 2,
  bytesIn: 0,
  bytesOut: 100,
};

const nothing = { facts: [], latencies: [], consumers: [], dropped: 0 };

test('requests of the same kind and minute form one row, and there is a sum over all consumers', () => {
  const figures = new Figures();
  figures.count(request);
  figures.count({ ...request, at: request.at + 59_999 });
  figures.count({ ...request, at: request.at + 60_000 });
  const [{ facts, latencies, consumers } = nothing] = figures.batches();
  expect(facts.map(({ minute, requests }) => [minute, requests])).toEqual([
    [1_000, 2],
    [1_001, 1],
  ]);
  expect(latencies.filter(({ consumer }) => consumer === '*')).toHaveLength(2);
  expect(consumers).toEqual([request.consumer]);
});

test('however many kinds of requests there are, the number of rows is limited and no request is lost', () => {
  const figures = new Figures();
  for (let i = 0; i < 50_000; i += 1) figures.count({ ...request, model: `model.${i}` });
  const batches = figures.batches();
  expect(Math.max(...batches.map(({ facts }) => facts.length))).toBeLessThanOrEqual(1_000);
  const facts = batches.flatMap((batch) => batch.facts);
  expect(facts.length).toBeLessThanOrEqual(20_001);
  expect(facts.reduce((sum, { requests }) => sum + requests, 0)).toBe(50_000);
});
