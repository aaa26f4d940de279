// Provides a real Odoo 19: the one in ODOO_BIN, or Debian's package unpacked into a private prefix.
//
// The package is in Debian's suite `sid`. Installing it properly would pull sid's Python into a stable
// machine; unpacked beside it, with the stable release's Python packages, it runs unchanged.

import { existsSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { cacheDir, logDir } from './paths.mjs';
import { Failure, step } from './report.mjs';
import { run } from './run.mjs';
import { elsewhere, isDebian } from './system.mjs';

const fromSid = [
  'odoo-19',
  'libjs-jquery',
  'libjs-jquery-form',
  'libjs-underscore',
  'fonts-montserrat',
  'fonts-roboto-unhinted',
  'fonts-inconsolata',
];
/** Odoo's icons are from Font Awesome 4, which sid no longer has. */
const fromStable = ['fonts-font-awesome'];

const odooCache = join(cacheDir, 'odoo');
const current = join(odooCache, 'current');
const sitePackages = 'usr/lib/python3/dist-packages';

/**
 * @typedef {object} Odoo
 * @property {string} version
 * @property {string[]} command how to run its command line
 * @property {Record<string, string>} env what it needs in its environment
 * @property {string[]} addonsPaths folders of its own addons; empty if it finds them by itself
 */

/** @returns {Promise<Odoo>} */
export async function ensureOdoo() {
  if (process.env.ODOO_BIN) return installedOdoo(process.env.ODOO_BIN);
  return step('Odoo 19', async (progress) => {
    if (!existsSync(current)) {
      if (!isDebian()) throw new Failure('Odoo 19 can be downloaded only on Debian.', { hint: elsewhere });
      await withLock(join(cacheDir, 'odoo.lock'), async () => {
        if (!existsSync(current)) await fetchOdoo(progress);
      });
    }
    const version = readlinkSync(current);
    const prefix = join(odooCache, version);
    progress.note(version);
    return {
      version,
      // The script, not `-m odoo`: Odoo starts its WebSocket process by running argv[0] again.
      command: ['/usr/bin/python3', join(prefix, 'usr/bin/odoo')],
      env: { PYTHONPATH: join(prefix, sitePackages) },
      addonsPaths: [join(prefix, sitePackages, 'odoo/addons')],
    };
  });
}

/** @param {string} bin @returns {Promise<Odoo>} */
async function installedOdoo(bin) {
  return step('Odoo 19', async (progress) => {
    const printed = await run(bin, ['--version'], {
      doing: `Asking ${bin} for its version`,
      hint: 'ODOO_BIN must be the path of odoo (odoo-bin) in a working Odoo 19.',
    });
    const version = /(\d+)\.\d+\S*/.exec(printed);
    if (version?.[1] !== '19')
      throw new Failure(`ODOO_BIN is not an Odoo 19: it says "${printed.trim()}".`, {
        hint: 'Set ODOO_BIN to an Odoo 19.',
      });
    progress.note(`${version[0]} (ODOO_BIN)`);
    return { version: `${version[0]}-installed`, command: [bin], env: {}, addonsPaths: [] };
  });
}

/** @param {import('./report.mjs').Step} progress */
async function fetchOdoo(progress) {
  const log = join(logDir, 'odoo_download.log');
  const downloads = join(odooCache, 'downloads');
  mkdirSync(downloads, { recursive: true });
  const network = "Check the machine's network and its apt sources, then run this again: completed downloads are kept.";
  /** @param {string[]} args @param {string} doing @param {string} label */
  const apt = (args, doing, label) =>
    run('apt-get', ['-o', 'APT::Status-Fd=3', ...args], {
      cwd: downloads,
      log,
      doing,
      hint: network,
      onAptProgress: (percent) => progress.progress(`${label} ${Math.round(percent)} %`),
    });

  const sid = await sidOptions();
  await apt([...sid, 'update'], "Reading sid's package list", 'package list');
  if ((await missingArchives(fromStable, [], log)).length > 0) {
    await apt(['update'], 'Reading the package list', 'package list').catch(() => {}); // the existing list may be sufficient
  }
  await apt([...sid, 'download', ...fromSid], 'Downloading Odoo 19', 'download');
  await apt(['download', ...fromStable], 'Downloading Odoo 19', 'download');

  const archives = readdirSync(downloads).filter((name) => name.endsWith('.deb'));
  const odooArchive = archives.find((name) => name.startsWith('odoo-19_'));
  if (!odooArchive) throw new Failure('The download of odoo-19 produced no file.', { log, hint: network });
  const version = decodeURIComponent(odooArchive.split('_')[1] ?? '');
  const partial = join(odooCache, 'unpacking');
  rmSync(partial, { recursive: true, force: true });
  for (const [index, name] of archives.entries()) {
    progress.progress(`unpacking ${index + 1} of ${archives.length}`);
    await run('dpkg', ['-x', join(downloads, name), partial], {
      log,
      doing: `Unpacking ${name}`,
      hint: `Delete ${downloads} and run this again.`,
    });
  }
  rmSync(join(odooCache, version), { recursive: true, force: true });
  renameSync(partial, join(odooCache, version));
  // The link is created last, so it exists only if its target is complete.
  symlinkSync(version, `${current}.new`);
  renameSync(`${current}.new`, current);
  rmSync(downloads, { recursive: true, force: true });
}

/** @param {string[]} names @param {string[]} options @param {string} log */
async function missingArchives(names, options, log) {
  const printed = await run('apt-cache', [...options, 'policy', ...names], { log });
  return names.filter((name) => !printed.includes(`${name}:`) || printed.includes('Candidate: (none)'));
}

/** apt options that use only sid's package list, and none of the machine's own lists. */
async function sidOptions() {
  const targets = await run(
    'apt-get',
    ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages', 'Origin: Debian', 'Label: Debian'],
    {
      doing: 'Asking apt for its Debian mirror',
    },
  );
  const mirror = targets.split('\n').find((line) => line.trim() !== '');
  if (!mirror) {
    throw new Failure('apt knows no Debian mirror, so Odoo cannot be downloaded.', {
      hint: `Add Debian's main archive to the apt sources and run apt-get update.\n${elsewhere}`,
    });
  }
  const aptDir = join(odooCache, 'apt');
  for (const dir of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(aptDir, dir), { recursive: true });
  const sources = join(aptDir, 'sources.list');
  writeFileSync(sources, `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror.trim()} sid main\n`);
  const options = {
    'Dir::Etc::sourcelist': sources,
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Dir::State::Lists': join(aptDir, 'lists'),
    'Dir::Cache': join(aptDir, 'cache'),
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false', // data for software centres
    'Acquire::Languages': 'none',
    'APT::Sandbox::User': 'root',
  };
  return Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}
