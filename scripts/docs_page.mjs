// The documentation page's files -> sidecar/assets: the page itself and Scalar, which renders the reference. Only one file of
// @scalar/api-reference is needed. As a dependency, the package would bring 272 others (287 MB, 40 s of `npm ci`), so only its
// tarball is downloaded: exactly this version, checked by its hash.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import * as esbuild from 'esbuild';
import { run } from './stack/run.mjs';

const rootDir = dirname(dirname(fileURLToPath(import.meta.url)));
const pageDir = join(rootDir, 'sidecar/docs_page');
const brotli = promisify(brotliCompress);

const scalar = {
  package: '@scalar/api-reference',
  version: '1.72.1',
  file: 'package/dist/browser/standalone.js',
  sha256: 'bf091006bdc3af6067af77c2f534812e3e633e94a94e87138069f570f33b762c',
};
/** Scalar shows a joke in base64 and a stranger's name in empty fields, and has no option for other placeholders. */
const placeholders = {
  QUxMIFlPVVIgQkFTRSBBUkUgQkVMT05HIFRPIFVT: 'a gateway key, an Odoo API key or a token',
  'placeholder:`janedoe`': 'placeholder:`login`',
};
const licence = `${scalar.package} ${scalar.version}, MIT License, Copyright (c) 2023-present Scalar

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

/** Writes the page's files. @param {string} target folder of assets beside the sidecar's program */
export async function buildDocsPage(target) {
  mkdirSync(target, { recursive: true });
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(pageDir, 'page.ts'), join(pageDir, 'page.css')],
    outdir: target,
    write: false,
    minify: true,
    target: 'es2022',
    logLevel: 'warning',
  });
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
  writeFileSync(join(target, 'index.html'), readFileSync(join(pageDir, 'index.html')));
  const builtFrom = join(target, 'scalar.sha256');
  const mark = createHash('sha256')
    .update(JSON.stringify([scalar, placeholders]))
    .digest('hex');
  const isBuilt = ['scalar.js', 'scalar.js.br'].every((name) => existsSync(join(target, name)));
  if (isBuilt && existsSync(builtFrom) && readFileSync(builtFrom, 'utf8') === mark) return;
  const program = withOwnPlaceholders(await fetchScalar());
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: program.length };
  writeFileSync(join(target, 'scalar.js.br'), await brotli(program, { params }));
  writeFileSync(join(target, 'scalar.LICENSE'), licence);
  writeFileSync(join(target, 'scalar.js'), program);
  writeFileSync(builtFrom, mark);
}

/** @param {Buffer} program @returns {Buffer} */
function withOwnPlaceholders(program) {
  let text = program.toString('utf8');
  for (const [theirs, ours] of Object.entries(placeholders)) {
    if (!text.includes(theirs)) throw new Error(`Scalar ${scalar.version} has no placeholder ${theirs} any more.`);
    text = text.replaceAll(theirs, ours);
  }
  return Buffer.from(text);
}

/** @returns {Promise<Buffer>} */
async function fetchScalar() {
  const dir = mkdtempSync(join(tmpdir(), 'scalar-'));
  try {
    const wanted = `${scalar.package}@${scalar.version}`;
    const npm = process.env.npm_execpath;
    const [command, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : [npm ?? 'npm', []];
    await run(command, [...first, 'pack', wanted, '--silent', '--pack-destination', dir], {
      cwd: rootDir,
      doing: `Fetching ${wanted}, which renders the API documentation`,
      hint: 'Check the network and the npm registry (`npm ping`), then run this again.',
    });
    const tarball = `${scalar.package.replace('@', '').replace('/', '-')}-${scalar.version}.tgz`;
    await run('tar', ['-xzf', join(dir, tarball), '-C', dir, scalar.file], { doing: `Unpacking ${wanted}` });
    const path = join(dir, scalar.file);
    const found = hashOf(path);
    if (found !== scalar.sha256) throw new Error(`${wanted} contains a different file than expected: its SHA-256 is ${found}.`);
    return readFileSync(path);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** @param {string} path @returns {string | undefined} undefined if it is not there */
function hashOf(path) {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return undefined;
  }
}
