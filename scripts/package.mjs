// npm run package: the addon with its built web client as one zip, to be unpacked into a folder of Odoo's addons_path.

import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ensureNpmPackages, ensureWebClient } from './stack/npm_packages.mjs';
import { addonDir, rootDir } from './stack/paths.mjs';
import { explain } from './stack/report.mjs';
import { run } from './stack/run.mjs';

const distDir = join(rootDir, 'dist');
const notShipped = /(^|\/)(tests|__pycache__)(\/|$)|\.pyc$/;

try {
  await ensureNpmPackages();
  await ensureWebClient();
  const staged = join(distDir, 'addon/api_gateway');
  rmSync(join(distDir, 'addon'), { recursive: true, force: true });
  mkdirSync(staged, { recursive: true });
  cpSync(addonDir, staged, { recursive: true, filter: (path) => !notShipped.test(relative(addonDir, path)) });
  for (const name of ['LICENSE', 'LICENSE.GPL']) cpSync(join(rootDir, name), join(staged, name));

  const version = /['"]version['"]:\s*['"]([^'"]+)['"]/.exec(readFileSync(join(addonDir, '__manifest__.py'), 'utf8'))?.[1];
  const zip = join(distDir, `api_gateway-${version}.zip`);
  rmSync(zip, { force: true });
  await run('python3', ['-m', 'zipfile', '-c', zip, staged], { doing: 'Packing the addon' });
  console.log(relative(rootDir, zip));
} catch (error) {
  explain(error);
  process.exitCode = 1;
}
