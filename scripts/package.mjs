// npm run package: builds the release into dist/. The addon with its built web client as one zip, to be unpacked into a folder of
// Odoo's addons_path; the sidecar as one folder that needs only Node and is the context of its image; and the typed client, as the
// sidecar serves it.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ensureNpmPackages, ensureWebClient } from './stack/npm_packages.mjs';
import { addonDir, rootDir } from './stack/paths.mjs';
import { explain } from './stack/report.mjs';
import { run } from './stack/run.mjs';
import { nodeBin } from './stack/sidecar.mjs';

const distDir = join(rootDir, 'dist');
const licences = ['LICENSE', 'LICENSE.GPL'];
const notShipped = /(^|\/)(tests|__pycache__)(\/|$)|\.pyc$/;

try {
  await ensureNpmPackages();
  await ensureWebClient();
  await packSidecar();
  await packAddon();
  packClient();
} catch (error) {
  explain(error);
  process.exitCode = 1;
}

async function packAddon() {
  const staged = join(distDir, 'addon/api_gateway');
  rmSync(join(distDir, 'addon'), { recursive: true, force: true });
  mkdirSync(staged, { recursive: true });
  cpSync(addonDir, staged, { recursive: true, filter: (path) => !notShipped.test(relative(addonDir, path)) });
  for (const name of licences) cpSync(join(rootDir, name), join(staged, name));

  const version = /['"]version['"]:\s*['"]([^'"]+)['"]/.exec(readFileSync(join(addonDir, '__manifest__.py'), 'utf8'))?.[1];
  const zip = join(distDir, `api_gateway-${version}.zip`);
  rmSync(zip, { force: true });
  await run('python3', ['-m', 'zipfile', '-c', zip, staged], { doing: 'Packing the addon' });
  console.log(relative(rootDir, zip));
}

/** Copies the client's package, which the build has already made for the sidecar. */
function packClient() {
  const { name } = JSON.parse(readFileSync(join(rootDir, 'client/package.json'), 'utf8'));
  const { version } = JSON.parse(readFileSync(join(rootDir, 'package.json'), 'utf8'));
  const tarball = join(distDir, `${name}-${version}.tgz`);
  cpSync(join(rootDir, 'sidecar/assets/client.tgz'), tarball);
  console.log(relative(rootDir, tarball));
}

/** Builds in a separate process, because the package esbuild may just have been installed. */
async function packSidecar() {
  const folder = join(distDir, 'sidecar');
  rmSync(folder, { recursive: true, force: true });
  await run(nodeBin(), [join(rootDir, 'scripts/build.mjs'), '--sidecar'], { doing: 'Building the sidecar' });
  for (const name of licences) cpSync(join(rootDir, name), join(folder, name));
  cpSync(join(rootDir, 'docs/configuration.md'), join(folder, 'configuration.md'));
  cpSync(join(rootDir, 'deploy/systemd/api-gateway.service'), join(folder, 'api-gateway.service'));
  writeFileSync(join(folder, 'Dockerfile'), imageOf(readFileSync(join(rootDir, 'sidecar/Dockerfile'), 'utf8')));
  console.log(relative(rootDir, folder));
}

/** Keeps only the last stage, because everything is already built here. @param {string} dockerfile */
function imageOf(dockerfile) {
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM ') + 1);
  const copied = last.replace(/COPY --from=build \S+ \.\//, 'COPY . ./');
  if (copied === last) throw new Error('The last stage of sidecar/Dockerfile copies no build.');
  return `# The sidecar, built. Context: this folder.\n\n${copied.replace(/^FROM (\S+) AS \S+/, 'FROM $1')}`;
}
