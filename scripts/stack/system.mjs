// Installs missing Debian packages and touches nothing else.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { logDir } from './paths.mjs';
import { Failure, step } from './report.mjs';
import { run } from './run.mjs';

const pythonModules =
  'asn1crypto babel cbor2 chardet cryptography dateutil docutils freezegun geoip2 gevent greenlet idna jinja2 libsass lxml magic markupsafe num2words ' +
  'ofxparse openpyxl openssl passlib pil polib psutil psycopg2 pypdf pypdf2 qrcode reportlab requests rjsmin serial stdnum tz urllib3 usb vobject ' +
  'werkzeug xlrd xlsxwriter xlwt zeep';

/** The Debian packages for each part of the work. */
const packagesOf = {
  odoo: [...pythonModules.split(' ').map((name) => `python3-${name}`), 'wkhtmltopdf'],
  postgres: ['postgresql', 'postgresql-client'],
  postgresClient: ['postgresql-client'],
  browser: ['chromium'],
  bench: ['wrk'],
  proxy: ['caddy', 'docker-compose', 'nginx-light'],
  python: ['python3-venv'],
};

/** @typedef {keyof typeof packagesOf} PackageGroup */

export const isRoot = process.getuid?.() === 0;

/** True on Debian itself: only there can the package `odoo-19` be used. */
export function isDebian() {
  return (
    existsSync('/etc/os-release') &&
    /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8')) &&
    existsSync('/usr/bin/apt-get')
  );
}

export const elsewhere =
  'On a machine other than Debian as root, set ODOO_BIN to an installed Odoo 19 and DATABASE_URL to a Postgres server ' +
  '(a role that may create databases and roles, e.g. postgres://odoo:secret@127.0.0.1:5432/postgres; psql, pg_dump and pg_restore on the PATH), ' +
  'or run `docker compose up`.';

/** The package groups for an instance: fewer if Odoo or Postgres is already provided. @returns {PackageGroup[]} */
function instanceGroups() {
  const { ODOO_BIN: odooBin, DATABASE_URL: databaseUrl } = process.env;
  return [...(odooBin ? [] : /** @type {const} */ (['odoo'])), databaseUrl ? 'postgresClient' : 'postgres'];
}

/**
 * Installs the Debian packages of the named groups that are missing.
 * @param {PackageGroup[]} [groups]
 */
export async function ensureSystem(groups = instanceGroups()) {
  await step('System packages', async (progress) => {
    if (!isDebian()) {
      if (process.env.ODOO_BIN && process.env.DATABASE_URL) return progress.note('not on Debian: yours are used');
      throw new Failure('System packages can be installed only on Debian.', { hint: elsewhere });
    }
    const wanted = groups.flatMap((group) => packagesOf[group]);
    const missing = await missingPackages(wanted);
    if (missing.length === 0) return progress.note('all there');
    if (!isRoot) {
      throw new Failure(`These Debian packages are missing: ${missing.join(' ')}`, {
        hint: `As root: apt-get install --no-install-recommends ${missing.join(' ')}\n${elsewhere}`,
      });
    }
    const log = join(logDir, 'apt.log');
    const options = {
      log,
      env: { DEBIAN_FRONTEND: 'noninteractive' },
      hint: "Look at the lines above. If they mention names or connections, check the machine's network and its apt sources, then run this again.",
      onAptProgress: (/** @type {number} */ percent, /** @type {string} */ text) =>
        progress.progress(`${Math.round(percent)} % ${text}`),
    };
    const common = ['-o', 'APT::Status-Fd=3', '-o', 'DPkg::Lock::Timeout=300'];
    const install = () =>
      run('apt-get', [...common, 'install', '--yes', '--no-install-recommends', ...missing], {
        ...options,
        doing: 'Installing Debian packages',
      });
    await run('dpkg', ['--configure', '-a'], {
      ...options,
      doing: 'Completing an interrupted installation',
      onAptProgress: undefined,
    });
    await run('apt-get', [...common, 'update'], { ...options, doing: 'Reading the package lists' });
    // Another apt run that ends meanwhile may delete the downloads (Docker images do so); the second attempt fetches them again.
    await install().catch(install);
    progress.note(`${missing.length} installed`);
  });
}

/** @param {string[]} wanted */
async function missingPackages(wanted) {
  // dpkg-query exits with 1 if a package is unknown. That is an answer here, not an error.
  const script = 'dpkg-query --show --showformat \'${db:Status-Status} ${Package}\\n\' "$@" 2>/dev/null || true';
  const known = await run('sh', ['-c', script, 'sh', ...wanted], { doing: 'Asking which packages are installed' });
  const installed = new Set(
    known.split('\n').flatMap((line) => (line.startsWith('installed ') ? [line.slice('installed '.length)] : [])),
  );
  return wanted.filter((name) => !installed.has(name));
}
