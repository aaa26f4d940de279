// The base of every bench: load from outside this process, contestants that take turns, medians.
//
//   const figures = await compare({ rounds: 5 }, {
//     gateway: () => load(url, { connections: 8, seconds: 4, headers }),
//     json2: () => load(other, { … }),
//   });
//   report('read', { gateway_rps: figures.gateway.rps, … }, { one_vs_json2: figures.gateway.rps / figures.json2.rps });

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import type { Parts } from '../../scripts/stack/odoo.mjs';
import { runInShell } from '../../scripts/stack/odoo.mjs';
import { say } from '../../scripts/stack/report.mjs';

const execute = promisify(execFile);

/** The options `--rounds` and `--seconds` of a bench. */
export function roundsAndSeconds(rounds: number, seconds: number): { rounds: number; seconds: number } {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: String(rounds) },
      seconds: { type: 'string', default: String(seconds) },
    },
  });
  return { rounds: Number(values.rounds), seconds: Number(values.seconds) };
}

/** The parts of a request that a contestant sends. */
export interface BenchRequest {
  url: string;
  method: string;
  headers: Record<string, string>;
  body?: string;
}

export interface Load {
  connections: number;
  seconds: number;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** Several requests that are sent in turn, instead of one path and body. */
  turns?: { path: string; body: string }[];
}

export interface Measured {
  /** Requests per second. */
  rps: number;
  p50Ms: number;
  p99Ms: number;
}

/**
 * Keeps `connections` requests going for `seconds` with wrk, which takes little CPU time from the servers. Throws if any
 * answer was not a 2xx, because refused requests are fast.
 */
export async function load(url: string, { connections, seconds, ...request }: Load): Promise<Measured> {
  const dir = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    const script = join(dir, 'load.lua');
    await writeFile(script, luaScript(request));
    const args = ['--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`];
    const { stdout } = await execute('wrk', [...args, '--timeout', '30s', '--script', script, url]);
    const summary = JSON.parse(stdout.slice(stdout.lastIndexOf('\n{')));
    const failed = summary.connect + summary.read + summary.write + summary.status + summary.timeout;
    if (failed > 0 || summary.requests === 0) throw new Error(`${url}: not all answers were good: ${JSON.stringify(summary)}`);
    return { rps: (summary.requests * 1e6) / summary.durationUs, p50Ms: summary.p50Us / 1000, p99Ms: summary.p99Us / 1000 };
  } finally {
    await rm(dir, { recursive: true });
  }
}

function luaScript({ method = 'GET', headers = {}, body, turns }: Omit<Load, 'connections' | 'seconds'>): string {
  const lines = [`wrk.method = ${lua(method)}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`wrk.headers[${lua(name)}] = ${lua(value)}`);
  if (body !== undefined) lines.push(`wrk.body = ${lua(body)}`);
  if (turns !== undefined) {
    const requests = turns.map((turn) => `wrk.format(nil, ${lua(turn.path)}, nil, ${lua(turn.body)})`);
    lines.push(`local turns, turn = {}, 0
init = function() turns = {${requests.join(',\n')}} end
request = function() turn = turn % #turns + 1; return turns[turn] end`);
  }
  lines.push(`done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\\n{"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.status, e.timeout))
end`);
  return lines.join('\n');
}

/** The `_rps`, `_p50_ms` and `_p99_ms` of each contestant, for `report`. */
export function figuresOf(measured: Readonly<Record<string, Measured>>): Record<string, number> {
  const figures = Object.entries(measured).flatMap(([name, { rps, p50Ms, p99Ms }]) => [
    [`${name}_rps`, rps],
    [`${name}_p50_ms`, p50Ms],
    [`${name}_p99_ms`, p99Ms],
  ]);
  return Object.fromEntries(figures);
}

/** A Lua string literal: bytes outside printable ASCII by number. */
function lua(text: string): string {
  const bytes = [...Buffer.from(text)];
  const plain = (byte: number) => byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
  return `"${bytes.map((byte) => (plain(byte) ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`)).join('')}"`;
}

/**
 * Lets contestants take turns, `rounds` times and each time in another order, so that disturbances hit all alike. One turn of
 * each beforehand warms up caches and does not count. @param afterRound other measurements after each round; 0 is the warm-up
 * @returns the medians of each contestant's turns
 */
export async function compare<Name extends string>(
  { rounds }: { rounds: number },
  contestants: Record<Name, () => Promise<Measured>>,
  afterRound: (round: number) => Promise<void> = async () => {},
): Promise<Record<Name, Measured>> {
  const names = Object.keys(contestants) as Name[];
  const [busy = 0] = loadavg();
  if (busy > 1) say(`  The machine is busy already (load ${busy.toFixed(1)}): figures will be low and uneven.`);
  const turns = new Map<Name, Measured[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    const shift = round % names.length;
    for (const name of [...names.slice(shift), ...names.slice(0, shift)]) {
      const measured = await contestants[name]();
      if (round > 0) turns.get(name)?.push(measured);
      say(
        `  ${round === 0 ? 'warm-up' : `round ${round}`}  ${name.padEnd(24)} ${Math.round(measured.rps)}/s  p99 ${measured.p99Ms.toFixed(1)} ms`,
      );
    }
    await afterRound(round);
  }
  const medians = names.map((name): [Name, Measured] => {
    const measured = turns.get(name) ?? [];
    return [
      name,
      {
        rps: median(measured.map((m) => m.rps)),
        p50Ms: median(measured.map((m) => m.p50Ms)),
        p99Ms: median(measured.map((m) => m.p99Ms)),
      },
    ];
  });
  return Object.fromEntries(medians) as Record<Name, Measured>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  const lower = sorted[sorted.length % 2 === 1 ? middle : middle - 1];
  if (upper === undefined || lower === undefined) throw new Error('There is no median without values.');
  return (upper + lower) / 2;
}

/** The bench's result: its last line on stdout. */
export function report(name: string, figures: Record<string, number>, ratios: Record<string, number>): void {
  const rounded = (values: Record<string, number>) =>
    Object.fromEntries(Object.entries(values).map(([label, value]) => [label, Number(value.toPrecision(4))]));
  process.stdout.write(`${JSON.stringify({ name, figures: rounded(figures), ratios: rounded(ratios) })}\n`);
}

/** Runs a Python file of this folder in Odoo's shell. Returns the JSON of the last line that it prints. */
export async function inShell(
  { parts, database }: { parts: Parts; database: string },
  file: string,
  env: Record<string, string>,
): Promise<unknown> {
  const output = await runInShell(parts, database, fileURLToPath(new URL(file, import.meta.url)), env);
  return JSON.parse(
    output
      .trim()
      .split('\n')
      .findLast((line) => line.startsWith('{')) ?? '',
  );
}
