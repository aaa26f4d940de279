// A part that consists of commands. Each is one check, and passes if it exits with 0.

/**
 * @typedef {object} Result
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string[]} problems what to read if something failed
 *
 * @typedef {object} Check
 * @property {string} name
 * @property {() => Promise<{code: number, output: string}>} run
 */

const shownLines = 120;

/** @param {Check[]} checks @returns {Promise<Result>} */
export async function runChecks(checks) {
  /** @type {Result} */
  const result = { passed: 0, failed: 0, skipped: 0, problems: [] };
  for (const { name, run } of checks) {
    const { code, output } = await run();
    if (code === 0) result.passed += 1;
    else {
      result.failed += 1;
      result.problems.push(`${name}:\n${lastLines(output)}`);
    }
  }
  return result;
}

/** @param {string} text @param {number} [count] */
export function lastLines(text, count = shownLines) {
  const lines = text.trim().split('\n');
  return lines.length <= count ? lines.join('\n') : ['…', ...lines.slice(-count)].join('\n');
}
