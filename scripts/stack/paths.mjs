// Paths: the clone, the stack's own folder in it, the cache that all clones share.

import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone's root folder. */
export const rootDir = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Everything that this clone's stack writes, except Postgres's data if its user can't enter the clone. */
export const stackDir = join(rootDir, '.stack');

export const addonsDir = join(rootDir, 'odoo_addon');
export const addonDir = join(addonsDir, 'api_gateway');
export const logDir = join(stackDir, 'log');

/** Downloads and template dumps, shared by all clones of this user. */
export const cacheDir = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'api-gateway');

/** A name for this clone that is unique on the machine. */
export const cloneKey = `${basename(rootDir).replace(/[^\w.-]/g, '_')}-${createHash('sha256').update(rootDir).digest('hex').slice(0, 10)}`;
