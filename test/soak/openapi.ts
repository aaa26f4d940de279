// Generators of clients, most of which need Java or Go: their clients compile, and create, read, change and delete a record of a
// gateway.
//
//   npm run soak -- openapi        needs java, mvn and go; says which is missing

import type { StdioOptions } from 'node:child_process';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { buildSync } from 'esbuild';
import { say } from '../../scripts/stack/report.mjs';
import { nodeBin } from '../../scripts/stack/sidecar.mjs';
import { openApiTools, pythonClientGenerator } from '../../scripts/test/openapi_tools.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import { createInstance } from '../helpers/instance.ts';

const jar = 'openapi-generator-cli-7.25.0.jar';
const oapiCodegen = 'github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2';
const missing = ['java', 'mvn', 'go'].filter((program) => spawnSync('which', [program]).status !== 0);
if (missing.length > 0) {
  say(`Missing on this machine: ${missing.join(', ')}. This soak needs a JDK (17 or newer), Maven and Go (1.25 or newer).`);
  process.exit(1);
}

const dir = mkdtempSync(join(tmpdir(), 'openapi-soak-'));
const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
const npm = join(await openApiTools(), 'node_modules');
const python = join(await pythonClientGenerator(), 'python');
const programs = join(import.meta.dirname, '../../scripts/test/openapi_tools');
const expected = { name: 'Generated Client', phone: '+32 2 290 34 90', total: 1, gone: 404 };
const figures: Record<string, number> = {};
let failed = 0;

/** Runs a program, and returns its standard output. */
function run(program: string, args: readonly string[], cwd = dir): string {
  const env = { ...process.env, GATEWAY: gateway.url, KEY: gateway.keys.admin };
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe'];
  return execFileSync(program, args, { cwd, env, stdio, maxBuffer: 256 * 1024 * 1024, encoding: 'utf8' });
}

/** Each function gets the folder into which the generator writes. */
interface Client {
  readonly generate: (folder: string) => void;
  readonly compile: (folder: string) => void;
  /** The output of a program that uses the client. */
  readonly use: (folder: string) => string;
}

function tried(name: string, { generate, compile, use }: Client): void {
  const folder = join(dir, name);
  mkdirSync(folder);
  const begun = Date.now();
  try {
    generate(folder);
    compile(folder);
    const result = use(folder).trim();
    if (!isDeepStrictEqual(JSON.parse(result), expected)) throw new Error(`its client prints something else: ${result}`);
    say(`${name}: ${result}`);
    figures[`${name}_seconds`] = Math.round((Date.now() - begun) / 1_000);
  } catch (error) {
    failed += 1;
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    say(`${name}: ${error instanceof Error ? error.message.slice(0, 300) : ''}\n${`${stdout}\n${stderr}`.slice(-3_000)}`);
  }
}

/** Copies one of the programs in scripts/test/openapi_tools into the folder of its client. */
function place(program: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(join(programs, program), to);
}

function compileTypeScript(folder: string): void {
  place('typescript_fetch.ts', join(folder, 'client.ts'));
  writeFileSync(join(folder, 'node.d.ts'), 'declare const process: { env: Record<string, string | undefined> };');
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler'];
  const files = ['node.d.ts', 'client.ts', 'index.ts'];
  run(nodeBin(), [join(npm, 'typescript/bin/tsc'), ...options, '--lib', 'es2022,dom,dom.iterable', ...files], folder);
  const outfile = join(folder, 'client.mjs');
  buildSync({ entryPoints: [join(folder, 'client.ts')], bundle: true, platform: 'node', format: 'esm', outfile });
}

try {
  run('mvn', [
    '-q',
    '-B',
    'dependency:copy',
    `-Dartifact=org.openapitools:openapi-generator-cli:7.25.0`,
    `-DoutputDirectory=${dir}`,
  ]);
  // Both documents are fetched before the generators keep this process busy, because the gateway closes idle connections.
  const documentOf = async (version: string) => {
    const path = `/api/openapi.json?models=res.partner,res.country&openapi=${version}`;
    return (await gateway.get(path, { key: gateway.keys.admin })).text;
  };
  const documents = { '3.1': await documentOf('3.1'), '3.0': await documentOf('3.0') };
  for (const version of ['3.1', '3.0'] as const) {
    writeFileSync(join(dir, 'openapi.json'), documents[version]);
    const openApiGenerator = (generator: string, properties: string) => (folder: string) =>
      run('java', [
        '-jar',
        jar,
        'generate',
        '-i',
        'openapi.json',
        '-g',
        generator,
        '-o',
        folder,
        `--additional-properties=${properties}`,
      ]);
    const inGo = (program: string) => ({
      compile: (folder: string) => {
        place(program, join(folder, 'crud/main.go'));
        run('go', ['mod', 'tidy'], folder);
        run('go', ['vet', './...'], folder);
      },
      use: (folder: string) => run('go', ['run', './crud'], folder),
    });

    tried(`python_${version}`, {
      generate: openApiGenerator('python', 'packageName=gateway'),
      compile: (folder) => {
        place('openapi_generator.py', join(folder, 'crud.py'));
        run(python, ['-m', 'compileall', '-q', 'gateway'], folder);
        run(python, ['-m', 'pip', 'install', '-q', '--target', '.', '-r', 'requirements.txt'], folder);
      },
      use: (folder) => run(python, ['crud.py'], folder),
    });
    // From OpenAPI 3.0, the Java generator turns a reference in a batch into a map, which its unions cannot hold.
    if (version === '3.1') {
      tried(`java_${version}`, {
        generate: openApiGenerator('java', 'hideGenerationTimestamp=true'),
        compile: (folder) => {
          place('OpenApiGenerator.java', join(folder, 'src/main/java/OpenApiGenerator.java'));
          run('mvn', ['-q', '-B', 'compile', 'dependency:build-classpath', '-Dmdep.outputFile=classpath'], folder);
        },
        use: (folder) => {
          const classpath = `target/classes:${readFileSync(join(folder, 'classpath'), 'utf8').trim()}`;
          return run('java', ['-cp', classpath, 'OpenApiGenerator'], folder);
        },
      });
    }
    tried(`go_${version}`, {
      ...inGo('openapi_generator.go'),
      generate: (folder) => {
        openApiGenerator('go', 'packageName=gateway,withGoMod=true')(folder);
        rmSync(join(folder, 'test'), { recursive: true, force: true });
        run('go', ['mod', 'edit', '-module', 'gateway'], folder);
      },
    });
    tried(`typescript_fetch_${version}`, {
      generate: openApiGenerator('typescript-fetch', 'importFileExtension='),
      compile: compileTypeScript,
      use: (folder) => run(nodeBin(), ['client.mjs'], folder),
    });
    tried(`oapi_codegen_${version}`, {
      ...inGo('oapi_codegen.go'),
      generate: (folder) => {
        const config = { package: 'gateway', generate: { models: true, client: true }, output: join(folder, 'gateway.go') };
        writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
        writeFileSync(join(folder, 'go.mod'), 'module gateway\n\ngo 1.25\n');
        run('go', ['run', oapiCodegen, '-config', join(folder, 'config.json'), join(dir, 'openapi.json')]);
        if (!existsSync(config.output)) throw new Error('oapi-codegen wrote nothing');
      },
    });
  }
} finally {
  await gateway.close();
  rmSync(dir, { recursive: true, force: true });
}
report('openapi', figures, {});
if (failed > 0) process.exitCode = 1;
