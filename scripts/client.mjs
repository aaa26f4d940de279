// The package of the typed client -> client.tgz in the sidecar's assets, which the gateway serves at /api/client.tgz.

import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { run } from './stack/run.mjs';

const rootDir = fileURLToPath(new URL('..', import.meta.url));
const sourceDir = join(rootDir, 'client');

/** Packs the client unless it is packed already. @param {string} target folder of assets beside the sidecar's program */
export async function buildClient(target) {
  const [tarball, stamp] = [join(target, 'client.tgz'), join(target, 'client.tgz.source')];
  const source = sourceHash();
  if (readText(stamp) === source) return;
  const dir = mkdtempSync(join(tmpdir(), 'client-'));
  try {
    await buildPackage(dir);
    const npm = process.env.npm_execpath;
    const [command, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : [npm ?? 'npm', []];
    await run(command, [...first, 'pack', dir, '--silent', '--pack-destination', dir], { cwd: dir, doing: 'Packing the client' });
    const packed = readdirSync(dir).find((name) => name.endsWith('.tgz'));
    mkdirSync(target, { recursive: true });
    copyFileSync(join(dir, packed ?? ''), tarball);
    writeFileSync(stamp, source);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The files of the package. @param {string} dir */
export async function buildPackage(dir) {
  const shared = /** @type {const} */ ({ bundle: true, format: 'esm', absWorkingDir: sourceDir, logLevel: 'warning' });
  const outdir = join(dir, 'dist');
  await esbuild.build({ ...shared, entryPoints: { index: 'src/index.ts' }, outdir, target: 'es2022', minify: true });
  await esbuild.build({
    ...shared,
    entryPoints: { pull: 'src/pull/main.ts' },
    outdir,
    platform: 'node',
    target: 'node20',
    banner: { js: '#!/usr/bin/env node' },
  });
  cpSync(join(sourceDir, 'src/pull/python_package'), join(outdir, 'python_package'), { recursive: true });
  const compiler = join(rootDir, 'node_modules/typescript/bin/tsc');
  const args = ['--project', join(sourceDir, 'tsconfig.json'), '--outDir', outdir];
  await run(process.execPath, [compiler, ...args], { doing: "Compiling the client's types" });
  const { version } = JSON.parse(readText(join(rootDir, 'package.json')) ?? '');
  const manifest = JSON.parse(readText(join(sourceDir, 'package.json')) ?? '');
  writeFileSync(join(dir, 'package.json'), `${JSON.stringify({ ...manifest, version }, null, 2)}\n`);
  copyFileSync(join(sourceDir, 'README.md'), join(dir, 'README.md'));
  for (const name of ['LICENSE', 'LICENSE.GPL']) copyFileSync(join(rootDir, name), join(dir, name));
}

/** A hash that changes whenever the package would. */
function sourceHash() {
  const hash = createHash('sha256');
  const files = readdirSync(sourceDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of [...files, join(rootDir, 'package.json'), fileURLToPath(import.meta.url)]) {
    hash.update(`${file.slice(rootDir.length)}\n`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** @param {string} path @returns {string | undefined} undefined if it is not there */
function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
