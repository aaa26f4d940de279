import { expect, test } from 'vitest';
import type { Histogram } from '../../sidecar/src/traffic/histogram.ts';
import { add, bucketCount, bucketOf, count, percentile } from '../../sidecar/src/traffic/histogram.ts';

/** Latencies as in real life: most are quick, some are slow, a few are very slow. Always the same ones. */
function sample(size: number): number[] {
  let state = 42;
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
  return Array.from({ length: size }, () => 0.3 * Math.exp(6 * random() ** 2) * (random() < 0.02 ? 50 : 1));
}

function exact(sorted: number[], q: number): number {
  return sorted[Math.ceil(q * sorted.length) - 1] ?? Number.NaN;
}

test.each([0.5, 0.9, 0.95, 0.99])('percentile %s is within 5 % of the exact one', (q) => {
  const latencies = sample(20_000);
  const histogram: Histogram = [];
  for (const ms of latencies) count(histogram, ms);
  const found = percentile(histogram, q) ?? Number.NaN;
  const truth = exact(
    latencies.toSorted((a, b) => a - b),
    q,
  );
  expect(Math.abs(found / truth - 1)).toBeLessThan(0.05);
});

test('the histograms of the parts add up to the histogram of the whole', () => {
  const whole: Histogram = [];
  const parts: [Histogram, Histogram] = [[], []];
  for (const [i, ms] of sample(1_000).entries()) {
    count(whole, ms);
    count(i % 2 === 0 ? parts[0] : parts[1], ms);
  }
  const sum: Histogram = [];
  for (const part of parts) add(sum, part);
  expect(sum).toEqual(whole);
});

test('every duration has a bucket', () => {
  for (const ms of [0, -1, Number.NaN, 1e-9, 0.0625, 1, 131_072, 1e12, Number.POSITIVE_INFINITY]) {
    expect(bucketOf(ms)).toBeGreaterThanOrEqual(0);
    expect(bucketOf(ms)).toBeLessThan(bucketCount);
  }
});

test('without requests there is no percentile', () => {
  expect(percentile([], 0.5)).toBeUndefined();
});
