// schemathesis, a public property-based fuzzer, on a gateway's own OpenAPI document.

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { fuzzer } from '../../scripts/test/openapi_tools.mjs';
import type { Instance } from './instance.ts';

export interface FuzzOptions {
  readonly key: string;
  /** The query of the document, with the question mark. */
  readonly query?: string;
  /** Tags of the document, as a regular expression. */
  readonly tags: string;
  readonly phases: readonly ('examples' | 'coverage' | 'fuzzing' | 'stateful')[];
  /** The largest number of test cases for each operation and phase. */
  readonly examples: number;
  readonly seconds: number;
  /** The same seed repeats the run. */
  readonly seed: number;
}

export interface Fuzzed {
  readonly operations: number;
  readonly requests: number;
  /** The findings, each with its request; empty if no answer was a 5xx or violated the document. */
  readonly failures: readonly string[];
}

const reportShape = z.object({
  operations: z.object({ tested: z.number() }),
  test_cases: z.object({ generated: z.number() }),
  failures: z.array(z.unknown()),
  errors: z.array(z.unknown()),
});

const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
  'unsupported_method',
  'ignored_auth',
];

export async function fuzz(gateway: Instance, options: FuzzOptions): Promise<Fuzzed> {
  const { key, query = '', tags, phases, examples, seconds, seed } = options;
  const program = await fuzzer();
  const dir = mkdtempSync(join(tmpdir(), 'fuzz-'));
  try {
    const { text } = await gateway.get(`/api/openapi.json${query}`, { key });
    writeFileSync(join(dir, 'openapi.json'), text);
    const args = ['run', 'openapi.json', '--url', gateway.url, '--header', `X-API-Key: ${key}`, '--checks', checks.join(',')];
    const bounds = ['--max-examples', String(examples), '--max-time', String(seconds), '--seed', String(seed), '--workers', '2'];
    const which = ['--phases', phases.join(','), '--include-tag-regex', `^(${tags})$`, '--suppress-health-check', 'all'];
    // Null characters in strings are refused, which no schema can express.
    const own = ['--generation-allow-x00', 'false', '--generation-database', 'none', '--output-truncate', 'false'];
    const report = ['--report', 'json', '--report-json-path', 'report.json', '--no-color'];
    const output = await run(program, [...args, ...bounds, ...which, ...own, ...report], dir);
    const path = join(dir, 'report.json');
    if (!existsSync(path)) throw new Error(`schemathesis wrote no report:\n${output.slice(-3_000)}`);
    const { operations, test_cases, failures, errors } = reportShape.parse(JSON.parse(readFileSync(path, 'utf8')));
    return {
      operations: operations.tested,
      requests: test_cases.generated,
      // Python 3.11 sometimes fails to parse the fuzzer itself.
      failures: [...failures, ...errors.filter((error) => !JSON.stringify(error).includes('AST constructor recursion'))].map(
        (found) => JSON.stringify(found).slice(0, 4_000),
      ),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** schemathesis exits with 1 if it has found something. That is not a failure of the run. */
function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, maxBuffer: 64 * 1024 * 1024 }, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}
