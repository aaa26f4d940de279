// Latencies on a log scale: eight buckets per doubling, from 1/16 ms to 131 s. Counts of the same buckets add up over
// minutes, consumers and sidecars, and a percentile read from them is off by at most 2^(1/16) - 1 = 4.4 %.
// `gateway.latency_at` in sql/009_figures.sql reads the same scale.

const perDoubling = 8;
const doublingsBelowOneMs = 4;
export const bucketCount = 168;

/** The bucket of a duration in milliseconds. Durations outside the scale count in its first or last bucket. */
export function bucketOf(ms: number): number {
  const bucket = Math.floor(perDoubling * (Math.log2(ms) + doublingsBelowOneMs));
  // This also covers 0 and NaN, for which there is no bucket.
  return bucket > 0 ? Math.min(bucket, bucketCount - 1) : 0;
}

/** Requests per bucket. The list is only as long as needed. */
export type Histogram = number[];

export function count(histogram: Histogram, ms: number): void {
  const bucket = bucketOf(ms);
  while (histogram.length <= bucket) histogram.push(0);
  histogram[bucket] = (histogram[bucket] ?? 0) + 1;
}

export function add(histogram: Histogram, other: Histogram): void {
  while (histogram.length < other.length) histogram.push(0);
  for (const [bucket, requests] of other.entries()) histogram[bucket] = (histogram[bucket] ?? 0) + requests;
}

/** The quantile `q` (0 to 1) of all counted requests in milliseconds; undefined if there are none. */
export function percentile(histogram: Histogram, q: number): number | undefined {
  const total = histogram.reduce((sum, requests) => sum + requests, 0);
  let below = 0;
  for (const [bucket, requests] of histogram.entries()) {
    if (requests > 0 && below + requests >= q * total) {
      const place = Math.max(0, q * total - below) / requests;
      return 2 ** ((bucket + place) / perDoubling - doublingsBelowOneMs);
    }
    below += requests;
  }
  return undefined;
}
