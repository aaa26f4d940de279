// Checks decimal numbers given as text. JavaScript changes numbers that it cannot represent: 9007199254740993 is rounded, and
// 1e400 would reach Odoo as null.

/**
 * What is wrong with a number, as the part of a sentence that follows its name; undefined if nothing is wrong. A fraction may
 * be rounded to the precision of a double. A whole number beyond 2^53 may not be rounded, and no number may become 0 or
 * infinite. @param text as JSON writes numbers
 */
export function problemOfNumber(text: string): string | undefined {
  const value = Number(text);
  if (!Number.isFinite(value)) return 'is larger than any number that can be stored';
  if (value === 0) return decimal(text).digits === '' ? undefined : 'is closer to 0 than any number that can be stored';
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER || isSame(text, String(value))) return undefined;
  return 'has more digits than can be stored';
}

function isSame(one: string, other: string): boolean {
  const [first, second] = [decimal(one), decimal(other)];
  return first.digits === second.digits && first.exponent === second.exponent;
}

/** The absolute value is 0.digits × 10^exponent; the digits have no zeros at either end. */
function decimal(text: string): { digits: string; exponent: number } {
  const [mantissa = '', exponent = '0'] = text.replace(/^[+-]/, '').toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const all = whole + fraction;
  const digits = all.replace(/^0+/, '');
  return { digits: digits.replace(/0+$/, ''), exponent: whole.length - (all.length - digits.length) + Number(exponent) };
}
