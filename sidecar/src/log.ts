import type { Logger } from 'pino';
import { pino } from 'pino';
import type { LogLevel } from './config.ts';
import { withoutCredentials } from './redact/texts.ts';

export type Log = Logger;

/**
 * JSON lines on stdout. Nothing that may hold a secret is ever handed to it: no header, no body, no query, no
 * connection string. `redact` is the second line of defence, for objects that a driver attaches to its errors.
 */
export function createLog(level: LogLevel): Log {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // The last net: no line of any part shows a credential that can be recognised by its form or name.
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

/** A line stays one, whatever is cut out of it. */
export function cleanLine(line: string): string {
  return `${withoutCredentials(line.trimEnd())}\n`;
}
