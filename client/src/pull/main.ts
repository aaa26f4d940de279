// odoo-gateway-client pull: writes the types of an instance's models.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import manifest from '../../package.json' with { type: 'json' };
import { GatewayError } from '../error.ts';
import { Transport } from '../transport.ts';
import { differences } from './differences.ts';
import { pythonFiles } from './python.ts';
import type { Essences } from './schema.ts';
import { essencesOf, fetchSchema, hashOf } from './schema.ts';
import { typeScriptFiles } from './typescript.ts';

const client = manifest.name;

const usage = `Usage: npx ${client} pull <gateway> --models sale.order,res.partner [options]

Writes the types of these models, as your key may use them, into a folder.

  --key <key>          a key of the gateway or of Odoo; by default the variable GATEWAY_KEY
  --models <names>     comma-separated; sale.* means all names that begin with sale.
  --out <folder>       "odoo" by default, "odoo_gateway" for Python
  --language <code>    the language of labels and help, such as fr-FR
  --python             writes a package for Python instead of TypeScript
  --check              writes nothing. Fails if the instance has changed since the last pull, and says how.
                       Gateway and models are those of the last pull unless you name others.
`;

interface Pulled {
  readonly gateway: string;
  readonly hash: string;
  readonly asked: readonly string[];
  readonly models: Essences;
}

/** The first words of a pulled file. */
const mark = /^(\/\/|#) Written by `pull/;

class UsageError extends Error {}

async function pull(args: readonly string[]): Promise<number> {
  const { values, positionals } = options(args);
  const { check = false, python = false, language } = values;
  // A Python package called odoo would hide Odoo's package of the same name.
  const { out = python ? 'odoo_gateway' : 'odoo' } = values;
  const last = check ? lastPull(out) : undefined;
  const url = positionals[0] ?? last?.gateway;
  const asked = values.models?.split(',').map((name) => name.trim()) ?? last?.asked;
  const key = values.key ?? process.env['GATEWAY_KEY'];
  if (url === undefined || !URL.canParse(url)) throw new UsageError('Give the address of the gateway.');
  if (asked === undefined) throw new UsageError('Name the models: --models sale.order,res.partner');
  if (key === undefined) throw new UsageError('Give a key: --key, or the variable GATEWAY_KEY.');

  const transport = new Transport({ url, key, ...(language === undefined ? {} : { language }) });
  const { schema, missing } = await fetchSchema(transport, asked);
  const models = essencesOf(schema);
  const hash = hashOf(models);
  if (last !== undefined) return compare(last, models, hash);
  if (missing.length > 0) throw new UsageError(`This key may not read a model called ${missing.join(', ')}.`);

  const write = python ? pythonFiles : typeScriptFiles;
  const files = write(schema, { url, hash, client });
  files.set('schema.json', schemaText({ gateway: url, hash, asked, models }));
  const count = Object.keys(schema).length;
  mkdirSync(out, { recursive: true });
  removeStale(out, new Set(files.keys()));
  for (const [file, text] of files) writeFileSync(join(out, file), text);
  say(`${count} ${count === 1 ? 'model' : 'models'} in ${out}, schema ${hash}`);
  return 0;
}

function compare(last: Pulled, models: Essences, hash: string): number {
  const found = differences(last.models, models);
  if (found.length === 0) {
    say(`Nothing has changed: schema ${hash}`);
    return 0;
  }
  const lines = found.map((line) => `  ${line}\n`).join('');
  console.error(printable(`${last.gateway} has changed since the last pull:\n${lines}Pull again.`));
  return 1;
}

/** Removes the files of models that are no longer pulled: their imports may lead nowhere now. */
function removeStale(out: string, written: ReadonlySet<string>): void {
  const suffix = written.has('index.ts') ? '.ts' : '.py';
  for (const entry of readdirSync(out, { withFileTypes: true })) {
    if (!entry.isFile() || written.has(entry.name) || !entry.name.endsWith(suffix)) continue;
    const path = join(out, entry.name);
    if (mark.test(readFileSync(path, 'utf8'))) rmSync(path);
  }
}

const say = (line: string) => process.stdout.write(`${line}\n`);

/** Removes control codes for terminals, because names and messages come from the gateway. */
const printable = (text: string) => text.replaceAll(/(?!\n)\p{Cc}/gu, ' ');

function lastPull(out: string): Pulled {
  const path = join(out, 'schema.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Pulled;
  } catch (cause) {
    throw new UsageError(`There is no pulled schema in ${path}.`, { cause });
  }
}

/** A line for each field, so that differences can be read in version control, too. */
function schemaText({ models, ...others }: Pulled): string {
  const list = (indent: string, entries: readonly string[]) => `{\n${indent}${entries.join(`,\n${indent}`)}\n${indent.slice(2)}}`;
  const texts = Object.entries(models).map(([model, fields]) => {
    const lines = Object.entries(fields).map(([name, field]) => `${JSON.stringify(name)}: ${JSON.stringify(field)}`);
    return `${JSON.stringify(model)}: ${list('      ', lines)}`;
  });
  const entries = Object.entries(others).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `${list('  ', [...entries, `"models": ${list('    ', texts)}`])}\n`;
}

function options(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const known = { key: text, models: text, out: text, language: text, python: flag, check: flag } as const;
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: known });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

try {
  const [command, ...args] = process.argv.slice(2);
  if (command !== 'pull') throw new UsageError('The one command is pull.');
  process.exitCode = await pull(args);
} catch (error) {
  const isExpected = error instanceof UsageError || error instanceof GatewayError;
  console.error(isExpected ? printable(error.message) : error);
  if (error instanceof UsageError) console.error(`\n${usage}`);
  process.exitCode = 2;
}
