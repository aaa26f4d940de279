// Compares the typed client with bare fetch on the same requests. Also measures what its types cost the compiler and the editor
// for the four biggest models of an instance with account, project, sale and stock.
//
//   npm run bench -- client [--rounds 5] [--seconds 3]

import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { buildPackage } from '../../scripts/client.mjs';
import { say } from '../../scripts/stack/report.mjs';
import { nodeBin } from '../../scripts/stack/sidecar.mjs';
import { openApiTools } from '../../scripts/test/openapi_tools.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import type { Instance } from '../helpers/instance.ts';
import { createInstance } from '../helpers/instance.ts';
import { until } from '../helpers/wait.ts';
import type { Measured } from './harness.ts';
import { compare, figuresOf, median, report, roundsAndSeconds } from './harness.ts';

const execute = promisify(execFile);
const { rounds, seconds } = roundsAndSeconds(5, 3);
const root = join(import.meta.dirname, '../..');
/** Code that a person is typing; `|` marks the cursor. */
const typed = [
  "model.search({ fields: ['|'] });",
  "model.search({ fields: ['display_name', 'create_uid.|'] });",
  "model.search({ fields: ['create_uid.create_uid.create_uid.|'] });",
  'model.search({ filter: { | } });',
  'model.search({ filter: { display_name: { i| } } });',
  "model.search({ order: '|' });",
  'model.update(1, { | });',
  "model.aggregate({ group: ['|'] });",
  "(await model.search({ fields: ['display_name'] })).data[0]?.|;",
  "gateway.model('|');",
];

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
const dir = mkdtempSync(join(tmpdir(), 'client-bench-'));
const packaged = join(dir, 'node_modules/odoo-gateway-client');
try {
  mkdirSync(packaged, { recursive: true });
  await buildPackage(packaged);
  const measured = await compare(
    { rounds },
    {
      fetch_one: () => loadFrom('fetch', 'one'),
      client_one: () => loadFrom('client', 'one'),
      fetch_list: () => loadFrom('fetch', 'list'),
      client_list: () => loadFrom('client', 'list'),
    },
  );
  const types = await typeFigures(gateway);
  report(
    'client',
    { ...figuresOf(measured), ...types },
    {
      one_vs_fetch: measured.client_one.rps / measured.fetch_one.rps,
      list_vs_fetch: measured.client_list.rps / measured.fetch_list.rps,
    },
  );
} finally {
  rmSync(dir, { recursive: true });
  await gateway.close();
}

async function loadFrom(way: 'fetch' | 'client', kind: 'one' | 'list'): Promise<Measured> {
  const client = pathToFileURL(join(packaged, 'dist/index.js')).href;
  const options = { way, kind, client, url: gateway.url, key: gateway.keys.bench, id: 3, connections: 8, seconds };
  const { stdout } = await execute(nodeBin(), [join(import.meta.dirname, 'client_load.mjs'), JSON.stringify(options)]);
  return JSON.parse(stdout) as Measured;
}

/** How many milliseconds a whole run of tsc takes, for both major versions, and how many tsserver's completions take. */
async function typeFigures(instance: Instance): Promise<Record<string, number>> {
  say('  installing stock, pulling the four biggest models');
  const ids = await instance.orm<number[]>('ir.module.module', 'search', { domain: [['name', '=', 'stock']] });
  const install = () => instance.orm('ir.module.module', 'button_immediate_install', { ids }).then(Boolean, () => false);
  await until('no scheduled action keeps Odoo from installing stock', install, 300_000);
  const biggest = await instance.sql<{ model: string }>(
    `select model from ir_model_fields where model in (select model from ir_model where not transient and not coalesce(abstract, false))
      group by model order by count(*) desc, model limit 4`,
  );
  const models = biggest.map(({ model }) => model);
  const env = { ...process.env, GATEWAY_KEY: instance.keys.admin };
  const args = [join(packaged, 'dist/pull.js'), 'pull', instance.url, '--models', models.join()];
  const { stdout } = await execute(nodeBin(), args, { cwd: dir, env });
  say(`  ${models.join(', ')}: ${stdout.trim()}`);
  const lines = models.map(
    (model, i) => `const r${i} = await gateway.model('${model}').search({ fields: ['display_name', 'id'], order: 'id desc' });
console.log(r${i}.data.map((record) => record.display_name));`,
  );
  const start = `import { Gateway } from 'odoo-gateway-client';
import type { Models } from './odoo/index.js';
const gateway = new Gateway<Models>({ url: '', key: '' });
`;
  writeFileSync(join(dir, 'main.ts'), `${start}${lines.join('\n')}\n`);
  const compilerOptions = { strict: true, noEmit: true, target: 'es2022', module: 'nodenext', lib: ['es2022', 'dom'], types: [] };
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }));
  writeFileSync(join(dir, 'package.json'), '{"type": "module"}');
  const older = join(await openApiTools(), 'node_modules/typescript');
  const tsc = await timed(() => execute(nodeBin(), [join(root, 'node_modules/typescript/bin/tsc')], { cwd: dir }));
  const tsc5 = await timed(() => execute(nodeBin(), [join(older, 'bin/tsc')], { cwd: dir }));
  const [model = ''] = models;
  const { openedMs, passes } = await completionTimes(
    join(older, 'lib/tsserver.js'),
    `${start}const model = gateway.model('${model}');\n`,
  );
  const [first = [], ...others] = passes;
  const times = first.map((_, i) => median(others.map((pass) => pass[i] ?? 0)));
  for (const [i, line] of typed.entries()) say(`  ${times[i]?.toFixed(0).padStart(5)} ms  ${line}`);
  return {
    tsc_ms: tsc,
    tsc5_ms: tsc5,
    opened_ms: openedMs,
    completion_first_ms: Math.max(...first),
    completion_most_ms: Math.max(...times),
    completion_median_ms: median(times),
  };
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 3; i += 1) {
    const startedAt = performance.now();
    await run();
    times.push(performance.now() - startedAt);
  }
  return median(times);
}

/**
 * Does what an editor does: opens the file, asks for its errors, which loads everything, then for completions after each
 * character. In the first pass over all lines, the server's own code is not compiled yet.
 */
async function completionTimes(tsserver: string, start: string): Promise<{ openedMs: number; passes: number[][] }> {
  const server = spawn(nodeBin(), [tsserver, '--disableAutomaticTypingAcquisition'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = new Map<number, (body: unknown) => void>();
  createInterface({ input: server.stdout }).on('line', (line) => {
    if (!line.startsWith('{')) return;
    const { type, request_seq: of, body } = JSON.parse(line);
    if (type === 'response') waiting.get(of)?.(body);
  });
  let sent = 0;
  const tell = (command: string, args: object) => {
    sent += 1;
    server.stdin.write(`${JSON.stringify({ seq: sent, type: 'request', command, arguments: args })}\n`);
    return sent;
  };
  /** Returns the answer, and how many milliseconds it took. */
  const ask = async <T>(command: string, args: object): Promise<{ body: T; ms: number }> => {
    const startedAt = performance.now();
    const seq = tell(command, args);
    const body = await new Promise<T>((resolve) => waiting.set(seq, resolve as (body: unknown) => void));
    return { body, ms: performance.now() - startedAt };
  };
  const file = join(dir, 'main.ts');
  const passes: number[][] = [];
  try {
    tell('open', { file, fileContent: `${start}await model.search({ fields: ['display_name'] });\n` });
    const { ms: openedMs } = await ask('semanticDiagnosticsSync', { file });
    for (let pass = 0; pass < 6; pass += 1) {
      const times: number[] = [];
      for (const line of typed) {
        tell('open', { file, fileContent: `${start}${line.replace('|', '')}\n` });
        const place = { file, line: start.split('\n').length, offset: line.indexOf('|') + 1 };
        const { body: found, ms } = await ask<{ entries: unknown[] } | undefined>('completionInfo', place);
        if ((found?.entries.length ?? 0) === 0) throw new Error(`Nothing is offered at ${line}`);
        times.push(ms);
      }
      passes.push(times);
    }
    return { openedMs, passes };
  } finally {
    server.kill();
  }
}
