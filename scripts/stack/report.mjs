// Output for the user at the terminal: one line per step, with its time. Everything goes to stderr, so that stdout stays free for
// programs.

const isTerminal = process.stderr.isTTY === true;
const silentProgressMs = 5000;

/** A step that failed, with the information needed to fix it. */
export class Failure extends Error {
  /**
   * @param {string} message what failed, one sentence
   * @param {{hint?: string, log?: string, tail?: string, cause?: unknown}} [more]
   *   hint: what to do; log: path of the whole log; tail: its last lines
   */
  constructor(message, more = {}) {
    super(message, { cause: more.cause });
    this.name = 'Failure';
    this.hint = more.hint;
    this.log = more.log;
    this.tail = more.tail;
  }
}

/** @typedef {{progress: (text: string) => void, note: (text: string) => void}} Step */

/**
 * Runs `work` as a named step: a line when it starts, progress while it lasts, a line with its time when it ends.
 * @template T
 * @param {string} title
 * @param {(step: Step) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const startedAt = Date.now();
  let note = '';
  let lastLineAt = startedAt;
  if (isTerminal) process.stderr.write(`  … ${title}`);
  const handle = {
    /** @param {string} text */
    progress(text) {
      if (isTerminal) {
        process.stderr.write(`\r\x1b[K  … ${title}: ${text}`.slice(0, (process.stderr.columns || 100) + 4));
      } else if (Date.now() - lastLineAt >= silentProgressMs) {
        lastLineAt = Date.now();
        process.stderr.write(`  … ${title}: ${text}\n`);
      }
    },
    /** @param {string} text */
    note(text) {
      note = text;
    },
  };
  try {
    const result = await work(handle);
    endLine('✓', title, startedAt, note);
    return result;
  } catch (error) {
    endLine('✗', title, startedAt, '');
    throw error;
  }
}

/** @param {string} mark @param {string} title @param {number} startedAt @param {string} note */
function endLine(mark, title, startedAt, note) {
  const seconds = `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
  process.stderr.write(
    `${isTerminal ? '\r\x1b[K' : ''}  ${mark} ${title.padEnd(34)} ${seconds.padStart(8)}${note ? `  ${note}` : ''}\n`,
  );
}

/** Prints a separate line, even in the middle of a step. @param {string} text */
export function say(text) {
  process.stderr.write(`${isTerminal ? '\r\x1b[K' : ''}${text}\n`);
}

/**
 * Prints an error with instructions.
 * @param {unknown} error
 */
export function explain(error) {
  if (!(error instanceof Failure)) {
    say(`\nUnexpected error: ${error instanceof Error ? error.stack : String(error)}`);
    return;
  }
  say(`\n${error.message}`);
  if (error.tail) say(`\n${error.tail.replace(/^/gm, '    ')}`);
  if (error.log) say(`\nWhole log: ${error.log}`);
  if (error.hint) say(`\nWhat to do: ${error.hint}`);
}
