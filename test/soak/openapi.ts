// Generators of clients that need Java or Go: what they make of a document compiles.
//
//   npm run soak -- openapi        needs java, mvn and go; says which is missing

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
const figures: Record<string, number> = {};
let failed = 0;

function run(program: string, args: readonly string[], cwd = dir): void {
  execFileSync(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 256 * 1024 * 1024 });
}

/** `compile` is given the folder that the generator has filled. */
function tried(name: string, generate: (folder: string) => void, compile: (folder: string) => void): void {
  const folder = join(dir, name);
  mkdirSync(folder);
  const begun = Date.now();
  try {
    generate(folder);
    compile(folder);
    figures[`${name}_seconds`] = Math.round((Date.now() - begun) / 1_000);
  } catch (error) {
    failed += 1;
    const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer };
    say(`${name}: ${error instanceof Error ? error.message.slice(0, 300) : ''}\n${`${stdout}\n${stderr}`.slice(-3_000)}`);
  }
}

try {
  run('mvn', [
    '-q',
    '-B',
    'dependency:copy',
    `-Dartifact=org.openapitools:openapi-generator-cli:7.25.0`,
    `-DoutputDirectory=${dir}`,
  ]);
  // Both before the generators keep this process busy: the gateway closes idle connections.
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
    const goBuild = (folder: string) => {
      run('go', ['mod', 'tidy'], folder);
      run('go', ['vet', '.'], folder);
    };

    tried(`python_${version}`, openApiGenerator('python', 'packageName=gateway'), (folder) =>
      run(python, ['-m', 'compileall', '-q', 'gateway'], folder),
    );
    // Of 3.0 it makes a map of a reference in a batch, which its unions cannot hold.
    if (version === '3.1') {
      tried(`java_${version}`, openApiGenerator('java', 'hideGenerationTimestamp=true'), (folder) =>
        run('mvn', ['-q', '-B', 'compile'], folder),
      );
    }
    tried(`go_${version}`, openApiGenerator('go', 'packageName=gateway,withGoMod=true'), (folder) => {
      rmSync(join(folder, 'test'), { recursive: true, force: true });
      goBuild(folder);
    });
    tried(`typescript_fetch_${version}`, openApiGenerator('typescript-fetch', 'importFileExtension='), (folder) => {
      const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler'];
      run(nodeBin(), [join(npm, 'typescript/bin/tsc'), ...options, '--lib', 'es2022,dom,dom.iterable', 'index.ts'], folder);
    });
    tried(
      `oapi_codegen_${version}`,
      (folder) => {
        const config = { package: 'gateway', generate: { models: true, client: true }, output: join(folder, 'gateway.go') };
        writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
        writeFileSync(join(folder, 'go.mod'), 'module gateway\n\ngo 1.25\n');
        run('go', ['run', oapiCodegen, '-config', join(folder, 'config.json'), join(dir, 'openapi.json')]);
        if (!existsSync(config.output)) throw new Error('oapi-codegen wrote nothing');
      },
      goBuild,
    );
  }
} finally {
  await gateway.close();
  rmSync(dir, { recursive: true, force: true });
}
report('openapi', figures, {});
if (failed > 0) process.exitCode = 1;
