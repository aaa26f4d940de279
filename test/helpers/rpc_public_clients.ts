// Public clients of Odoo, unchanged except for the address: the results of the same script with Odoo and with the gateway.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { nodeBin } from '../../scripts/stack/sidecar.mjs';
import { npmTools } from '../../scripts/test/npm_tools.mjs';
import { pythonEnvironment } from '../../scripts/test/python_tools.mjs';
import type { Instance } from './instance.ts';
import { createOdooKey, createUser } from './odoo_keys.ts';

const inPython = [
  ...['xmlrpc.client', 'xmlrpc.client, version 1', 'erppeek', 'odoorpc', 'odoo-client-lib, xmlrpc', 'odoo-client-lib, jsonrpc'],
  ...['odoo-client-lib, json2', 'odooly, jsonrpc', 'odooly, json2', 'aio-odoorpc', 'odoo-json2', 'pyodoo-client'],
];
const inNode = ['odoo-await', 'odoo-xmlrpc', 'odoo-xmlrpc-ts', '@fernandoslim/odoo-jsonrpc'];
export const publicClients: readonly string[] = [...inPython, ...inNode];

/** Odoo is busy with the same calls from both sides at once, and must refuse no call because of that. */
export const patient = { GATEWAY_ODOO_QUEUE_TIMEOUT_MS: '30000' };

/** A client's report, as scripts/test/rpc_tools/clients.py and clients.js print it. */
export interface Report {
  readonly failed?: string;
  readonly nothing?: Outcome;
  readonly faults?: Readonly<Record<string, Outcome>>;
}

interface Outcome {
  readonly class?: string;
  readonly code?: number | string;
  readonly text?: string;
}

/** @returns reports by the clients' names */
export async function runClients(
  gateway: Instance,
  names: readonly string[],
): Promise<{ odoo: Record<string, Report>; ours: Record<string, Report> }> {
  const [npm, python] = await Promise.all([npmTools('rpc'), pythonEnvironment('rpc')]);
  // The user has no password, because Odoo would first try each key as a password, which takes half a second.
  const groups = ['base.group_user', 'base.group_system', 'account.group_account_invoice'];
  const { secret } = await createOdooKey(gateway, { userId: await createUser(gateway, 'clients', groups) });
  const programs = join(import.meta.dirname, '../../scripts/test/rpc_tools');
  const runs = [
    { program: join(python, 'python'), args: [join(programs, 'clients.py')], known: inPython },
    { program: nodeBin(), args: [join(programs, 'clients.js'), npm], known: inNode },
  ];
  const reportsAt = async (url: string): Promise<Record<string, Report>> => {
    const outputs = await Promise.all(
      runs.map(({ program, args, known }) => {
        const asked = names.filter((name) => known.includes(name));
        const all = [...args, url, gateway.database, 'clients', secret, ...asked];
        return asked.length === 0 ? { stdout: '{}' } : promisify(execFile)(program, all, { maxBuffer: 2 ** 24 });
      }),
    );
    return Object.assign({}, ...outputs.map(({ stdout }) => JSON.parse(stdout)));
  };
  const [odoo, ours] = await Promise.all([gateway.odoo.url, gateway.sidecar.url].map(reportsAt));
  return { odoo: odoo ?? {}, ours: ours ?? {} };
}

/**
 * The report without the intended differences (docs/guide.md, "Existing clients of Odoo"): the text of errors that Odoo did not
 * expect, and a method without a result over XML-RPC.
 */
export function comparable({ nothing, faults: { field, ...faults } = {}, ...report }: Report = {}): unknown {
  const isFaultOfNone = nothing?.text?.includes('cannot marshal None') === true;
  const text = field?.text?.replaceAll(
    /Invalid field res\.partner\.nope in condition \('nope', ?'=', ?1\)|The model res\.partner has no field nope\./g,
    '…',
  );
  const texts = text?.replaceAll(/["']…["']/g, '…');
  const code = typeof field?.code === 'string' ? '…' : field?.code;
  return {
    ...report,
    nothing: isFaultOfNone ? { result: false } : nothing,
    faults: { ...faults, field: { ...field, code, text: texts } },
  };
}
