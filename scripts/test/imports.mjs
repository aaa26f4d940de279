// Checks that imports follow the directions in docs/architecture.md. A forbidden direction or a cycle is a fault.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { rootDir } from '../stack/paths.mjs';

/**
 * @typedef {object} Import
 * @property {string} from file
 * @property {number} line
 * @property {string} to file, or the name of a package
 * @property {boolean} inside true: `to` is a file of the same tree
 * @property {boolean} typeOnly
 *
 * @typedef {object} Tree
 * @property {string} name
 * @property {string} dir
 * @property {(dir: string) => Import[]} scan
 * @property {(found: Import) => string | null} fault what is wrong with this import, or null
 */

// Each layer may import the layers below it. Members of one layer never import each other. A file that is listed separately is in
// a lower layer than its folder.
const sidecarLayers = [
  ['main'],
  ['lifecycle', 'routes'],
  ['pipeline', 'openapi', 'mcp', 'oauth', 'protocols'],
  ['sync', 'exports', 'files'],
  ['records'],
  ['compiled'],
  ['credentials', 'limits', 'executor', 'traffic', 'webhooks'],
  ['pipeline/context', 'pipeline/query'],
  ['pipeline/steps', 'pipeline/percent_encoding'],
  ['db'],
  ['json'],
  ['errors', 'log'],
  ['config'],
  ['ip', 'fair_queue', 'numbers', 'running', 'generation_cache', 'wakeable_loop', 'memory', 'redact'],
];

const rankOfSidecar = (/** @type {string} */ layer) => sidecarLayers.findIndex((names) => names.includes(layer));

/** @param {string} path */
const roomOf = (path) => (rankOfSidecar(path.replace(/\.ts$/, '')) === -1 ? layerOf(path) : path.replace(/\.ts$/, ''));

/** The first folder of a path, or the name of a file without a folder. @param {string} path */
const layerOf = (path) => path.split('/')[0]?.replace(/\.[^.]+$/, '') ?? '';

const addonLayers = [
  ['controllers', 'access'],
  ['executor'],
  ['models', 'wizards'],
  ['webhooks'],
  ['hooks', 'migrations'],
  ['tools'],
];

const rankOfAddon = (/** @type {string} */ layer) => addonLayers.findIndex((names) => names.includes(layer));

/** @type {Tree[]} */
export const trees = [
  {
    name: 'sidecar',
    dir: 'sidecar/src',
    scan: scanTypeScript,
    fault({ from, to, inside, typeOnly }) {
      const source = roomOf(from);
      if (!inside) return to === 'pg' && source !== 'db' && !typeOnly ? 'only db/ may talk to Postgres' : null;
      const target = roomOf(to);
      if (source === target) return null;
      if (source === 'main' && to.endsWith('package.json')) return null; // the version
      if (rankOfSidecar(source) === -1) return `${source} is in no layer: add it to scripts/test/imports.mjs`;
      if (rankOfSidecar(target) > rankOfSidecar(source)) return null;
      if (source === 'limits' && target === 'credentials' && typeOnly) return null;
      return `${source} must not import ${target}`;
    },
  },
  {
    name: 'client',
    dir: 'client/src',
    scan: scanTypeScript,
    fault({ from, to, inside }) {
      const isPull = layerOf(from) === 'pull';
      if (!inside) return isPull && to.startsWith('node:') ? null : `the client has no dependencies, and runs in browsers`;
      if (isPull) return null;
      return layerOf(to) === 'pull' ? `${from} must not import pull, which runs only in Node` : null;
    },
  },
  {
    name: 'web_src',
    dir: 'web_src',
    scan: scanTypeScript,
    fault({ from, to, inside, typeOnly }) {
      const source = layerOf(from);
      if (!inside && to === 'apexcharts' && typeOnly) return null; // the class itself comes from static/lib
      if (!inside) return /^(@web|@odoo|@bus|@mail)\//.test(to) ? null : `${to} is not a module of Odoo's web client`;
      const target = layerOf(to);
      if (source === target) return null;
      if (target === 'core' && source !== 'loader') return null;
      if (source === 'loader') return 'the loader is in the backend bundle: it may import nothing of the lazy one';
      return `${source} must not import ${target}: code that pages share belongs to core`;
    },
  },
  {
    name: 'odoo_addon',
    dir: 'odoo_addon/api_gateway',
    scan: scanPython,
    fault({ from, to }) {
      const [source, target] = [layerOf(from), layerOf(to)];
      if (source === target || source === '__init__' || source === 'tests') return null;
      if (rankOfAddon(source) === -1) return `${source} is in no layer: add it to scripts/test/imports.mjs`;
      return rankOfAddon(target) > rankOfAddon(source) ? null : `${source} must not import ${target}`;
    },
  },
];

/** @param {Tree} tree @param {string} [root] @returns {{imports: number, faults: string[]}} */
export function checkImports(tree, root = rootDir) {
  const imports = tree.scan(join(root, tree.dir));
  const faults = imports.flatMap((found) => {
    const fault = tree.fault(found);
    return fault ? [`${tree.dir}/${found.from}:${found.line}: ${fault} (${found.to})`] : [];
  });
  // Types do not exist at run time, so cycles of type imports do no harm.
  const cycles = findCycles(imports.filter(({ inside, typeOnly }) => inside && !typeOnly));
  return {
    imports: imports.length,
    faults: [...faults, ...cycles.map((cycle) => `${tree.dir}: cycle ${cycle.join(' → ')}`)],
  };
}

/** @param {string} dir @returns {Import[]} */
function scanTypeScript(dir) {
  const files = filesIn(dir, '.ts');
  const known = new Set(files);
  // Biome's format puts each import at the start of a line.
  const pattern = /^(?:import|export)\s(?:(type)\s)?(?:[^'";]*?\sfrom\s)?'([^']+)'|\bimport\('([^']+)'\)/gm;
  return files.flatMap((from) => {
    const text = readFileSync(join(dir, from), 'utf8');
    return [...text.matchAll(pattern)].map((match) => {
      const specifier = match[2] ?? match[3] ?? '';
      const line = lineOf(text, match.index);
      if (!specifier.startsWith('.')) return { from, line, to: specifier, inside: false, typeOnly: match[1] === 'type' };
      const path = join(dirname(from), specifier);
      const to = [path, `${path}.ts`, path.replace(/\.js$/, '.ts')].find((candidate) => known.has(candidate)) ?? path;
      return { from, line, to, inside: true, typeOnly: match[1] === 'type' };
    });
  });
}

/** @param {string} dir @returns {Import[]} */
function scanPython(dir) {
  const files = filesIn(dir, '.py');
  const known = new Set(files);
  const pattern = /^[ \t]*from\s+(\.+|odoo\.addons\.api_gateway\b\.?)([\w.]*)\s+import\s+(\([^)]*\)|[^\n]*)/gm;
  return files.flatMap((from) => {
    const text = readFileSync(join(dir, from), 'utf8');
    return [...text.matchAll(pattern)].flatMap((match) => {
      const [start, dots = '', module = '', names = ''] = match;
      let base = '';
      if (dots.startsWith('.')) {
        base = dirname(from);
        for (let up = 1; up < dots.length; up += 1) base = dirname(base);
      }
      const path = join(base, ...module.split('.').filter(Boolean));
      const line = lineOf(text, match.index + start.search(/\S/));
      const imported = names
        .replace(/#.*|[()\\]/g, '')
        .split(',')
        .map((name) => name.trim().split(/\s/)[0] ?? '');
      const targets = imported
        .filter(Boolean)
        .map((name) => [`${join(path, name)}.py`, join(path, name, '__init__.py'), `${path}.py`, join(path, '__init__.py')])
        .map((candidates) => candidates.find((candidate) => known.has(candidate)) ?? path);
      // `from . import x` in x's own package is how Odoo loads it, not a cycle.
      return [...new Set(targets)].filter((to) => to !== from).map((to) => ({ from, line, to, inside: true, typeOnly: false }));
    });
  });
}

/** Finds SQL text in the sidecar outside db/. @param {string} [root] @returns {string[]} faults */
export function checkSql(root = rootDir) {
  const dir = 'sidecar/src';
  const statement = /\bselect\s[^;]*\sfrom\s|\bselect\s+gateway\.|\binsert\s+into\s|\bupdate\s+\S+\s+set\s|\bdelete\s+from\s/i;
  return filesIn(join(root, dir), '.ts')
    .filter((file) => layerOf(file) !== 'db')
    .flatMap((file) => {
      const text = readFileSync(join(root, dir, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, (comment) =>
        comment.replace(/[^\n]/g, ' '),
      );
      return [...text.matchAll(/'[^'\n]*'|"[^"\n]*"|`[^`]*`/g)]
        .filter(([literal]) => statement.test(literal))
        .map(({ index }) => `${dir}/${file}:${lineOf(text, index)}: SQL belongs to db/`);
    });
}

/**
 * Cycles, each listed once, starting with its alphabetically first file.
 * @param {Import[]} imports
 * @returns {string[][]}
 */
function findCycles(imports) {
  /** @type {Map<string, Set<string>>} */
  const next = new Map();
  for (const { from, to } of imports) next.set(from, (next.get(from) ?? new Set()).add(to));
  /** @type {Map<string, string[]>} */
  const cycles = new Map();
  const finished = new Set();
  const visit = (/** @type {string} */ file, /** @type {string[]} */ way) => {
    const at = way.indexOf(file);
    if (at !== -1) {
      const cycle = way.slice(at);
      cycles.set([...cycle].sort().join(), [...cycle, file]);
      return;
    }
    if (finished.has(file)) return;
    for (const target of next.get(file) ?? []) visit(target, [...way, file]);
    finished.add(file);
  };
  for (const file of [...next.keys()].sort()) visit(file, []);
  return [...cycles.values()];
}

/** @param {string} dir @param {string} extension @returns {string[]} paths relative to `dir`, with slashes */
function filesIn(dir, extension) {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(extension))
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

/** @param {string} text @param {number} index */
const lineOf = (text, index) => text.slice(0, index).split('\n').length;
