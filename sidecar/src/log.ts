import type { Logger } from 'pino';
import { pino } from 'pino';
import type { LogLevel } from './config.ts';
import { withoutCredentials } from './redact/texts.ts';

export type Log = Logger;

/**
 * Writes JSON lines to stdout. Callers of this logger never log anything that may contain a secret: no header, body, query or
 * connection string. `redact` is the second line of defence, for objects that a driver attaches to its errors.
 */
export function createLog(level: LogLevel): Log {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // The last safety net: removes credentials that can be recognized by their format or name from every line.
    hooks: { streamWrite: cleanLine },
    redact: {
      paths: [
        'authorization',
        'password',
        'secret',
        'key',
        'token',
        'headers',
        '*.password',
        '*.headers',
        'err.client',
        'err.cause.client',
      ],
      censor: '**********',
    },
  });
}

/** Removes credentials from a line. It remains valid JSON, whatever is removed. */
export function cleanLine(line: string): string {
  return `${withoutCredentials(line.trimEnd())}\n`;
}
