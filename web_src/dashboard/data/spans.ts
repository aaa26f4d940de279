// The ranges that the toolbar offers, all of which end now.

export const spans = ['15m', '1h', '24h', '7d', '30d', '1y'] as const;
export type Span = (typeof spans)[number];

const hourMs = 3_600_000;
const spansMs: Record<Span, number> = {
  '15m': hourMs / 4,
  '1h': hourMs,
  '24h': 24 * hourMs,
  '7d': 7 * 24 * hourMs,
  '30d': 30 * 24 * hourMs,
  '1y': 365 * 24 * hourMs,
};

/** The beginning and the end of a span, in milliseconds since 1970. */
export function rangeOf(span: Span): { since: number; until: number } {
  const until = Date.now();
  return { since: until - spansMs[span], until };
}

export function parseSpan(text: unknown): Span | null {
  return spans.find((span) => span === text) ?? null;
}
