// Third-party clients of the Model Context Protocol against /mcp of two sidecars behind one address: with a key, and by
// signing in. With sign-in, a client's run lasts longer than its token, so the client must renew the token.
//
//   npm run soak -- mcp [--only inspector]        installs the clients first; needs the npm registry and the Python package index

import { parseArgs } from 'node:util';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import type { Person } from '../helpers/consenting_person.ts';
import { startPerson } from '../helpers/consenting_person.ts';
import { createInstance } from '../helpers/instance.ts';
import { balance } from '../helpers/mcp_conformance.ts';
import type { Access } from '../helpers/mcp_public_clients.ts';
import { publicClients } from '../helpers/mcp_public_clients.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { until } from '../helpers/wait.ts';

/** The shortest lifetime of a token, in seconds, that the setting allows. */
const tokenS = 60;
const { values: options } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const clients = Object.entries(publicClients).filter(([name]) => name.includes(options.only));
const figures: Record<string, number> = {};
let failed = 0;

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
const second = await gateway.startSidecar();
const balancer = await balance([gateway.url, second.url]);
try {
  for (const [name, value] of Object.entries({ 'agent.enabled': true, 'oauth.apps': 'anyone', 'token.access_s': tokenS })) {
    await gateway.sql('update gateway.setting set value = $1::jsonb where name = $2', [JSON.stringify(value), name]);
  }
  await gateway.sql("update ir_config_parameter set value = $1 where key = 'web.base.url'", [gateway.odoo.url]);
  await until('agents are on', async () => {
    const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
    const answers = [gateway, second].map((one) => one.request('POST', '/mcp', { key: gateway.keys.admin, headers, body: ping }));
    return (await Promise.all(answers)).every(({ status }) => status === 200);
  });
  for (const [name, client] of clients) {
    await check(`${name} with a key`, () => client(balancer.url, { key: gateway.keys.admin }, `${name} with a key`));
  }
  const web = await OdooWeb.login(gateway);
  // All clients run together, because each spends most of its time waiting for its token to expire.
  await Promise.all(clients.map(([name]) => signIn(name, web)));
} finally {
  await balancer.close();
  await gateway.close();
}
report('mcp', { ...figures, failed }, {});
process.exitCode = failed === 0 ? 0 : 1;

async function check(name: string, act: () => Promise<true | string>): Promise<void> {
  const startedAt = performance.now();
  const outcome = await act().catch((error: { stdout?: string; message: string }) => `${error.stdout ?? ''}${error.message}`);
  if (outcome !== true) failed += 1;
  figures[`${name}_s`] = (performance.now() - startedAt) / 1_000;
  say(`  ${outcome === true ? '✓' : '✗'} ${name}${outcome === true ? '' : `: ${outcome.slice(-3_000)}`}`);
}

/** Two of the clients take the id of a registered app; the others register themselves. */
async function signIn(name: string, web: OdooWeb): Promise<void> {
  const values = { name, redirect_uris: 'http://127.0.0.1/callback\nhttp://127.0.0.1/oauth/callback' };
  const ids = await web.call<number[]>('gateway.app', 'create', [[values]]);
  const [app] = await web.call<{ client_id: string }[]>('gateway.app', 'read', [ids, ['client_id']]);
  const person = await startPerson(web, gateway.odoo.url);
  const access: Access = { clientId: app?.client_id ?? '', env: person.env, expiredAfterMs: (tokenS + 1) * 1_000 };
  await check(`${name} signed in`, async () => {
    const done = await publicClients[name]?.(balancer.url, access, `${name} signed in`).finally(person.close);
    return done === true ? wasAskedTwice(person) : `${done ?? ''} ${person.faults.join('\n')}`;
  });
}

/** The user must be asked twice, for reading and then for writing, but not a third time when the token expires. */
function wasAskedTwice({ asked, faults }: Person): true | string {
  const times = [...asked.values()];
  return (times.length === 1 && times[0] === 2 && faults.length === 0) || JSON.stringify([[...asked], faults]);
}
