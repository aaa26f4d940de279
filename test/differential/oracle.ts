// The process with the expected answers: Odoo's shell with oracle.py, asked over a socket of its own.

import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Parts } from '../../scripts/stack/odoo.mjs';
import { shellOf } from '../../scripts/stack/odoo.mjs';

export interface User {
  id: number;
  login: string;
}

export interface Case {
  number: number;
  /** The user's index in the list of users. */
  user: number;
  path: string;
  headers: Record<string, string>;
  /** The body of a POST; null for a GET. */
  body: unknown;
  /** The equivalent question for the ORM. */
  question: { kind: 'list' | 'one' | 'pages' | 'call'; model: string } & Record<string, unknown>;
}

export interface Expected {
  /** The HTTP status; 0 if Odoo itself cannot answer. */
  status: number;
  why?: string;
  data?: unknown;
  omitted?: string[];
  total?: number;
  pages?: unknown[][];
  /** Whether it contains values that the ORM may or may not refuse; see UNDECIDED in expectation.py. */
  undecided?: boolean;
}

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

export class Oracle {
  readonly #process: ReturnType<typeof spawn>;
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];

  /** @param log file that gets all that Odoo prints */
  constructor(parts: Parts, database: string, log: string) {
    const { command, args, env } = shellOf(parts, database);
    this.#process = spawn(command, args, {
      env: { ...process.env, ...env, ORACLE_DIR: import.meta.dirname, PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    });
    mkdirSync(dirname(log), { recursive: true });
    const file = createWriteStream(log);
    this.#process.stdout?.pipe(file, { end: false });
    this.#process.stderr?.pipe(file, { end: false });
    this.#process.stdin?.end(readFileSync(join(import.meta.dirname, 'oracle.py'), 'utf8'));
    this.#socket = this.#process.stdio[3] as Socket;
    createInterface({ input: this.#socket }).on('line', (line) => {
      const { result, error } = JSON.parse(line) as { result?: unknown; error?: string };
      const waiting = this.#waiting.shift();
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error));
    });
    this.#socket.on('error', () => {}); // the process then ends, too, which is reported below
    this.#process.on('close', (code) => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`The oracle exited with ${code}; see ${log}.`));
    });
  }

  build(seed: number): Promise<User[]> {
    return this.#ask('build', { seed });
  }

  /** Returns a sentence about the change. */
  change(seed: number, epoch: number, users: User[]): Promise<string> {
    return this.#ask('change', { seed, epoch, users });
  }

  cases(seed: number, numbers: number[], users: User[]): Promise<Case[]> {
    return this.#ask('cases', { seed, numbers, users });
  }

  expect(cases: Case[]): Promise<Expected[]> {
    return this.#ask('expect', { questions: cases.map(({ question }) => question) });
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const closed = new Promise((resolve) => this.#process.once('close', resolve));
    this.#socket.end();
    await closed;
  }

  #ask<Result>(name: string, parameters: Record<string, unknown>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve: resolve as (result: unknown) => void, reject });
      this.#socket.write(`${JSON.stringify({ do: name, with: parameters })}\n`);
    });
  }
}
