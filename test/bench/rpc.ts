// Odoo's own protocols, served by Odoo and by the gateway: same user, key, records and fields, alternating on one machine.
// Key, throttle, counting and logging are on.
//
//   npm run bench -- rpc [--rounds 5] [--seconds 3]

import { deepStrictEqual } from 'node:assert';
import { parseArgs } from 'node:util';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { HttpClient } from '../helpers/http_client.ts';
import { createInstance } from '../helpers/instance.ts';
import { requestOf } from '../helpers/rpc_wire.ts';
import { until } from '../helpers/wait.ts';
import type { Load, Measured } from './harness.ts';
import { compare, figuresOf, load, report } from './harness.ts';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '3' } },
});
const seconds = Number(options.seconds);
const writing = { whole: 'int', isTyped: true, encoding: 'utf-8', id: 1 } as const;

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
try {
  const orm = await gateway.startSidecar({ env: { GATEWAY_READ_POOL_SIZE: '0' } });
  const [user] = await gateway.sql<{ id: number; login: string }>("select id, login from res_users where login = 'bench_api'");
  const [partner] = await gateway.sql<{ id: number }>(
    'select id from res_partner where active and email is not null order by id limit 1',
  );
  // The user gets a password, as most users have one: Odoo tries a key as a password first.
  await gateway.orm('res.users', 'write', { ids: [user?.id], vals: { password: 'a password of its own' } });
  const caller = { database: gateway.database, login: user?.login ?? '', uid: user?.id ?? 0, key: gateway.keys.bench };
  const read = { args: [[['id', '=', partner?.id ?? 0]], ['name', 'email', 'phone']], kwargs: { limit: 1 } };
  const onPartner = (method: string, protocol: 'xmlrpc.2' | 'jsonrpc', given: { args: unknown[]; kwargs?: object }) =>
    requestOf({ protocol, service: 'object', model: 'res.partner', method, writing, ...given }, caller);

  const requests = {
    xmlrpc: onPartner('search_read', 'xmlrpc.2', read),
    jsonrpc: onPartner('search_read', 'jsonrpc', read),
    json2: requestOf(
      {
        protocol: 'json2',
        service: 'object',
        model: 'res.partner',
        method: 'search_read',
        writing,
        args: [],
        kwargs: { domain: read.args[0], fields: read.args[1], limit: 1 },
      },
      caller,
    ),
    create: onPartner('create', 'jsonrpc', {
      args: [{ name: 'Bench', email: 'bench@example.com', phone: '+32 2 555 1', city: 'B' }],
    }),
  };
  const login = requestOf({ protocol: 'xmlrpc.2', service: 'common', method: 'login', args: [], writing }, caller);
  type Sent = typeof login;
  const text = ({ body }: Sent) => Buffer.from(body).toString();
  const at = (url: string, sent: Sent, connections: number): Load & { url: string } => ({
    url: url + sent.path,
    method: 'POST',
    headers: sent.headers,
    body: text(sent),
    connections,
    seconds,
  });
  const sides = { odoo: gateway.odoo.url, gateway: gateway.url, uncompiled: orm.url };

  const loads = new Map<string, Load & { url: string }>();
  for (const [side, url] of Object.entries(sides)) {
    for (const name of ['xmlrpc', 'jsonrpc', 'json2'] as const) loads.set(`${name}_${side}`, at(url, requests[name], 8));
    if (side === 'uncompiled') continue;
    loads.set(`create_${side}`, at(url, requests.create, 8));
    // Scripts log in each time they run. Each turn is one request, so two make one run.
    const turns = [login, requests.xmlrpc].map((sent) => ({ path: sent.path, body: text(sent) }));
    loads.set(`login_read_${side}`, { ...at(url, login, 2), url, turns, seconds: Math.max(seconds, 4) });
  }
  for (const name of ['xmlrpc', 'jsonrpc', 'json2'] as const) await sameAnswers(requests[name]);

  const measured = await compare(
    { rounds: Number(options.rounds) },
    Object.fromEntries([...loads].map(([name, { url, ...given }]) => [name, () => load(url, given)])) as Record<
      string,
      () => Promise<Measured>
    >,
  );
  const ratio = (ours: string, theirs: string) => (measured[ours]?.rps ?? Number.NaN) / (measured[theirs]?.rps ?? Number.NaN);
  const ratios = Object.fromEntries(
    ['login_read', 'xmlrpc', 'jsonrpc', 'json2', 'create'].map((name) => [
      `${name}_vs_odoo`,
      ratio(`${name}_gateway`, `${name}_odoo`),
    ]),
  );
  const uncompiled = Object.fromEntries(
    ['xmlrpc', 'jsonrpc', 'json2'].map((name) => [`${name}_uncompiled_vs_odoo`, ratio(`${name}_uncompiled`, `${name}_odoo`)]),
  );
  report('rpc', figuresOf(measured), { ...ratios, ...uncompiled });

  /** Checks that all answers are the same, or the bench means nothing. Reads are compiled after a few requests. */
  async function sameAnswers({ path, headers, body }: Sent): Promise<void> {
    const answersOf = async (url: string) => (await new HttpClient(url).request('POST', path, { headers, body })).text;
    const plain = (answer: string) => (answer.startsWith('<') ? answer.replaceAll(/>\s+</g, '><') : JSON.parse(answer));
    const [theirs, ...ours] = await Promise.all(Object.values(sides).map(answersOf));
    for (const answer of ours) deepStrictEqual(plain(answer), plain(theirs ?? ''));
    await until('the gateway answers as Odoo does', async () => plain(await answersOf(sides.gateway)) !== undefined);
  }
} finally {
  await gateway.close();
}
