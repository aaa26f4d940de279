// Builds the files that are not committed: the web client's modules (web_src -> the addon's static folder), the documentation
// page and the client's package (-> sidecar/assets) and, with --sidecar, the sidecar as one file for the image. It writes only
// changed files, so it may run before every start.
//
//   npm run build                  web client, documentation page, client's package
//   npm run build -- --sidecar     also dist/sidecar/main.js

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { buildClient } from './client.mjs';
import { buildDocsPage } from './docs_page.mjs';

const rootDir = dirname(dirname(fileURLToPath(import.meta.url)));
const sourceDir = join(rootDir, 'web_src');
const assetsDir = join(rootDir, 'sidecar/assets');
const staticDir = join(rootDir, 'odoo_addon/api_gateway/static');

/** Libraries that Odoo serves unchanged. */
const libraries = {
  'apexcharts.min.js': 'node_modules/apexcharts/dist/apexcharts.min.js',
  'apexcharts.LICENSE': 'node_modules/apexcharts/LICENSE',
};

/**
 * Builds the web client's modules into the addon.
 * @returns {Promise<{files: number, written: number, removed: number}>}
 */
export async function buildWebClient() {
  const sources = filesIn(sourceDir).filter((path) => path !== 'tsconfig.json' && !path.startsWith('types/'));
  /** @type {Map<string, Uint8Array>} path in static/ -> content */
  const outputs = new Map();
  const { outputFiles } = await esbuild.build({
    entryPoints: sources.filter((path) => extname(path) === '.ts').map((path) => join(sourceDir, path)),
    outdir: join(staticDir, 'src'),
    outbase: sourceDir,
    write: false,
    bundle: false, // Odoo builds the bundles
    format: 'esm',
    target: 'es2022',
    charset: 'utf8', // escape sequences would end up in the translation template
    supported: { 'template-literal': false }, // Odoo's minifier destroys nested ones
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    logLevel: 'warning',
  });
  for (const file of outputFiles) outputs.set(relative(staticDir, file.path), file.contents);
  for (const path of sources.filter((path) => ['.xml', '.scss'].includes(extname(path)))) {
    outputs.set(join('src', path), readFileSync(join(sourceDir, path)));
  }
  for (const [name, path] of Object.entries(libraries)) {
    outputs.set(join('lib', name), readFileSync(join(rootDir, path)));
  }

  const stale = ['src', 'lib']
    .flatMap((dir) => filesIn(join(staticDir, dir)).map((path) => join(dir, path)))
    .filter((path) => !outputs.has(path));
  for (const path of stale) rmSync(join(staticDir, path));
  let written = 0;
  for (const [path, content] of outputs) written += writeIfChanged(join(staticDir, path), content) ? 1 : 0;
  return { files: outputs.size, written, removed: stale.length };
}

/** Bundles the sidecar with everything it imports into dist/sidecar/main.js. */
export async function buildSidecar() {
  const manifest = JSON.parse(readFileSync(join(rootDir, 'package.json'), 'utf8'));
  const { metafile } = await esbuild.build({
    metafile: true,
    absWorkingDir: rootDir,
    entryPoints: [join(rootDir, 'sidecar/src/main.ts')],
    outfile: join(rootDir, 'dist/sidecar/main.js'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    sourcemap: true,
    define: { 'process.env.GATEWAY_MCP_FIXTURES': '""' }, // keeps test fixtures out
    external: ['pg-native'], // optional in pg, not used
    // Packages in CommonJS call require() for Node's own modules. An ES module has no require() unless it creates one.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
  cpSync(assetsDir, join(rootDir, 'dist/sidecar/assets'), { recursive: true });
  const licences = licencesOf(Object.keys(metafile.inputs));
  writeFileSync(join(rootDir, 'dist/sidecar/THIRD_PARTY_LICENSES.txt'), licences.join(`\n${'-'.repeat(80)}\n\n`));
  // A bundle has no package.json beside it to read the version from.
  writeFileSync(
    join(rootDir, 'dist/sidecar/package.json'),
    `${JSON.stringify({ name: manifest.name, version: manifest.version, type: 'module' }, null, 2)}\n`,
  );
}

/**
 * The licences of the packages in a bundle, which must be shipped with it.
 * @param {string[]} inputs files of the bundle
 */
function licencesOf(inputs) {
  const folders = new Set(inputs.flatMap((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []));
  return [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(rootDir, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(rootDir, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? readFileSync(join(rootDir, folder, file), 'utf8').trim() : `Licence: ${license}`;
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
}

/** @param {string} dir @returns {string[]} paths relative to `dir`; empty if it is not there */
function filesIn(dir) {
  try {
    return readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(dir, join(entry.parentPath, entry.name)));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return [];
    throw error;
  }
}

/** @param {string} path @param {Uint8Array} content */
function writeIfChanged(path, content) {
  try {
    if (readFileSync(path).equals(content)) return false;
  } catch {
    mkdirSync(dirname(path), { recursive: true });
  }
  writeFileSync(path, content);
  return true;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const startedAt = performance.now();
  const { files, written, removed } = await buildWebClient();
  await buildDocsPage(assetsDir);
  await buildClient(assetsDir);
  if (argv.includes('--sidecar')) await buildSidecar();
  const ms = Math.round(performance.now() - startedAt);
  console.log(`Built ${files} files of the web client: ${written} written, ${removed} removed, ${ms} ms`);
}
