// The npm packages of package-lock.json, and the files built from them.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { logDir, rootDir } from './paths.mjs';
import { step } from './report.mjs';
import { run } from './run.mjs';
import { nodeBin } from './sidecar.mjs';

/** Runs `npm ci` unless exactly the locked packages are installed. */
export async function ensureNpmPackages() {
  await step('npm packages', async (progress) => {
    if (installedAsLocked()) return progress.note('all there');
    // npm passes its own path to the scripts it runs.
    const npm = process.env.npm_execpath;
    const [command, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : [npm ?? 'npm', []];
    progress.progress('npm ci');
    await run(command, [...first, 'ci', '--no-audit', '--no-fund'], {
      cwd: rootDir,
      log: join(logDir, 'npm.log'),
      doing: 'npm ci',
      hint: 'Check the network and the npm registry (`npm ping`), then run this again.',
    });
    progress.note('installed');
  });
}

function installedAsLocked() {
  const installedPath = join(rootDir, 'node_modules/.package-lock.json');
  if (!existsSync(installedPath)) return false;
  /** @type {{packages: Record<string, {version?: string, optional?: boolean, devOptional?: boolean}>}} */
  const locked = JSON.parse(readFileSync(join(rootDir, 'package-lock.json'), 'utf8'));
  const installed = JSON.parse(readFileSync(installedPath, 'utf8'));
  return Object.entries(locked.packages).every(([path, entry]) => {
    const mayBeMissing = path === '' || entry.optional || entry.devOptional; // packages of other platforms
    return mayBeMissing || installed.packages[path]?.version === entry.version;
  });
}

/** Builds the web client into the addon; writes only changed files. */
export async function ensureWebClient() {
  await step('Web client', async () => {
    await run(nodeBin(), [join(rootDir, 'scripts/build.mjs')], {
      cwd: rootDir,
      log: join(logDir, 'build.log'),
      doing: 'Building the web client',
      hint: 'The lines above say which file. Fix it, then run this again.',
    });
  });
}
