// Clients that public generators create from a gateway's document: generated, compiled strictly, and used with that gateway.

import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { nodeBin } from '../../scripts/stack/sidecar.mjs';
import { openApiTools, pythonClientGenerator } from '../../scripts/test/openapi_tools.mjs';

const execute = promisify(execFile);
const source = join(import.meta.dirname, '../../scripts/test/openapi_tools');
const strict =
  '--noEmit --strict --target es2022 --module esnext --moduleResolution bundler --skipLibCheck --lib es2022,dom,dom.iterable';

/** A client's report about the record that it created, changed, read, listed and deleted. */
export type Report = Readonly<Record<string, unknown>>;

export interface Tried {
  readonly url: string;
  readonly key: string;
  /** The text of the document, which must contain `res.partner`. */
  readonly document: string;
}

export class OpenApiTools {
  readonly #dir = mkdtempSync(join(tmpdir(), 'openapi-clients-'));
  readonly #npm: string;
  readonly #tried: Tried;

  private constructor(npm: string, tried: Tried) {
    this.#npm = npm;
    this.#tried = tried;
    symlinkSync(join(npm, 'node_modules'), this.#path('node_modules'));
    writeFileSync(this.#path('package.json'), '{"type": "module"}');
    writeFileSync(this.#path('openapi.json'), tried.document);
  }

  static async of(tried: Tried): Promise<OpenApiTools> {
    return new OpenApiTools(await openApiTools(), tried);
  }

  close(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** The errors of redocly's recommended rules. */
  async redocly(): Promise<unknown[]> {
    const found = await this.#node('@redocly/cli/bin/cli.js', ['lint', 'openapi.json', '--format=json']);
    const { problems } = JSON.parse(found) as { problems: { severity: string; ruleId: string; message: string }[] };
    return problems.filter(({ severity }) => severity === 'error');
  }

  /** The errors of spectral's rules for OpenAPI. */
  async spectral(): Promise<unknown[]> {
    writeFileSync(this.#path('spectral.json'), '{"extends": ["spectral:oas"]}');
    const args = ['lint', 'openapi.json', '--ruleset', 'spectral.json', '--format', 'json', '--quiet'];
    const found = JSON.parse(await this.#node('@stoplight/spectral-cli/dist/index.js', args)) as { severity: number }[];
    return found.filter(({ severity }) => severity === 0);
  }

  /** @param names of clients in scripts/test/openapi_tools, compiled together */
  async typeScript(): Promise<Record<string, Report>> {
    const names = ['hey_api', 'orval'];
    await this.#node('@hey-api/openapi-ts/bin/run.js', ['-i', './openapi.json', '-o', 'hey_api']);
    const output = { target: './orval_client.ts', client: 'fetch', mode: 'single', baseUrl: this.#tried.url };
    writeFileSync(this.#path('orval.json'), JSON.stringify({ gateway: { input: './openapi.json', output } }));
    writeFileSync(this.#path('orval.config.mjs'), `export { default } from './orval.json' with { type: 'json' };`);
    await this.#node('orval/dist/bin/orval.mjs', ['--config', 'orval.config.mjs']);
    writeFileSync(this.#path('node.d.ts'), 'declare const process: { env: Record<string, string | undefined> };');
    for (const name of names) cpSync(join(source, `${name}.ts`), this.#path(`${name}.ts`));
    await this.#node('typescript/bin/tsc', [...strict.split(' '), 'node.d.ts', ...names.map((name) => `${name}.ts`)]);

    const reports: Record<string, Report> = {};
    for (const name of names) {
      const outfile = this.#path(`${name}.mjs`);
      await build({ entryPoints: [this.#path(`${name}.ts`)], bundle: true, platform: 'node', format: 'esm', outfile });
      reports[name] = JSON.parse(await this.#run(nodeBin(), [outfile])) as Report;
    }
    return reports;
  }

  async python(): Promise<Report> {
    const bin = await pythonClientGenerator();
    // The generator does not support NDJSON: without this setting, it omits the endpoint for ids, with a warning.
    const config = 'post_hooks: []\ncontent_type_overrides:\n  application/x-ndjson: text/plain\n';
    writeFileSync(this.#path('python.yaml'), config);
    const args = ['generate', '--path', 'openapi.json', '--meta', 'none', '--output-path', 'gateway', '--config', 'python.yaml'];
    await this.#run(join(bin, 'openapi-python-client'), [...args, '--fail-on-warning']);
    cpSync(join(source, 'client.py'), this.#path('client.py'));
    await this.#run(join(bin, 'python'), ['-m', 'compileall', '-q', 'gateway']);
    return JSON.parse(await this.#run(join(bin, 'python'), ['client.py'])) as Report;
  }

  #path(name: string): string {
    return join(this.#dir, name);
  }

  #node(program: string, args: readonly string[]): Promise<string> {
    return this.#run(nodeBin(), [join(this.#npm, 'node_modules', program), ...args]);
  }

  /** Returns the program's standard output. Throws an error with its whole output, unless it exits with a report. */
  async #run(program: string, args: readonly string[]): Promise<string> {
    const env = { ...process.env, GATEWAY: this.#tried.url, KEY: this.#tried.key };
    try {
      return (await execute(program, args, { cwd: this.#dir, env, maxBuffer: 64 * 1024 * 1024 })).stdout;
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      if (/^\s*[[{]/.test(stdout)) return stdout;
      throw new Error(`${program} ${args.join(' ')}\n${stdout}\n${stderr}`.slice(0, 6_000), { cause: error });
    }
  }
}
