// Runs SQL through psql, because these scripts run before any npm package is installed.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';

const debianRoot = '/usr/lib/postgresql';

/** Folder of the newest Postgres server programs that Debian installed, or null. */
export function serverBinDir() {
  if (!existsSync(debianRoot)) return null;
  const versions = readdirSync(debianRoot).filter((name) => existsSync(join(debianRoot, name, 'bin/initdb')));
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest ? join(debianRoot, newest, 'bin') : null;
}

/**
 * The path of psql, pg_dump …: Debian's own next to the server (its wrapper on the PATH is slow), otherwise the one on the PATH.
 * @param {string} name
 */
export function postgresTool(name) {
  const binDir = serverBinDir();
  return binDir ? join(binDir, name) : name;
}

/**
 * The environment variables that tell libpq's programs where to connect. This keeps passwords out of process lists.
 * @param {string} url postgres://user:password@host:port/database
 */
export function connectionEnv(url) {
  const { hostname, port, username, password, pathname, searchParams } = new URL(url);
  return {
    PGSERVICE: undefined, // the caller's own variables would override the rest
    PGHOST: decodeURIComponent(hostname) || '127.0.0.1',
    PGPORT: port || '5432',
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
    ...(searchParams.get('sslmode') ? { PGSSLMODE: searchParams.get('sslmode') ?? undefined } : {}),
  };
}

/** The same server and role, another database. @param {string} url @param {string} database */
export function withDatabase(url, database) {
  const next = new URL(url);
  next.pathname = `/${encodeURIComponent(database)}`;
  return next.href;
}

/**
 * Runs SQL, autocommit statement by statement; fails at the first error.
 * @param {string} url
 * @param {string} text values are written :'name', identifiers :"name"
 * @param {Record<string, string>} [values]
 * @returns {Promise<string>} the rows, columns separated by |, without headers
 */
export async function sql(url, text, values = {}) {
  const assignments = Object.entries(values).flatMap(([name, value]) => ['-v', `${name}=${value}`]);
  const printed = await run(postgresTool('psql'), ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', ...assignments], {
    env: { ...connectionEnv(url), PGOPTIONS: '-c client_min_messages=warning', PGCONNECT_TIMEOUT: '5' },
    input: text,
    doing: `SQL in the database ${connectionEnv(url).PGDATABASE}`,
  });
  return printed.trim();
}
