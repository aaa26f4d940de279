const width = 100;
const height = 28;

/** Paths of a line and the area below it, in a box of 100 × 28; null if there is nothing to draw. Gaps are left out. */
export function sparkline(values: readonly (number | null)[]): { stroke: string; area: string } | null {
  const known = values.flatMap((value, index) => (value === null ? [] : [{ value, index }]));
  if (known.length < 2) return null;
  const most = Math.max(...known.map(({ value }) => value));
  const least = Math.min(0, ...known.map(({ value }) => value));
  const x = (index: number) => ((index / (values.length - 1)) * width).toFixed(1);
  const y = (value: number) => (height - 2 - ((value - least) / (most - least || 1)) * (height - 4)).toFixed(1);
  const stroke = known.map(({ value, index }, place) => `${place === 0 ? 'M' : 'L'}${x(index)} ${y(value)}`).join('');
  const [first, last] = [known[0]?.index ?? 0, known.at(-1)?.index ?? 0];
  return { stroke, area: `${stroke}L${x(last)} ${height}L${x(first)} ${height}Z` };
}
