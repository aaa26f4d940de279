// Public clients of Odoo, unchanged except for the address: a script gets the same results here as from Odoo. This test runs
// one client of each kind; `npm run soak -- rpc_clients` runs all of them.

import { expect, test } from 'vitest';
import { compareCalls } from '../helpers/rpc_differential.ts';
import { comparable, patient, runClients } from '../helpers/rpc_public_clients.ts';
import { useInstance } from '../helpers/use_instance.ts';

const names = ['erppeek', 'odoorpc', 'odoo-client-lib, json2', 'odoo-await'];

const gateway = await useInstance({ shared: true, env: patient });
const { odoo, ours } = await runClients(gateway, names);

test('the answers to random calls, valid and faulty, are equal', async () => {
  const compared = await compareCalls(gateway, { calls: 100, seed: 19 });
  expect(compared.flatMap(({ differs }) => differs ?? [])).toEqual([]);
  expect(compared.filter(({ meant }) => meant === undefined).length).toBeGreaterThan(80);
});

test('an idle connection stays open, because Python’s client repeats a call whose connection was closed', async () => {
  const answer = await gateway.request('POST', '/xmlrpc/2/common', {
    body: '<methodCall><methodName>version</methodName></methodCall>',
  });
  expect([answer.status, answer.headers.get('keep-alive')]).toEqual([200, 'timeout=75']);
});

test.each(names)('%s', (name) => {
  expect([odoo[name]?.failed, ours[name]?.failed]).toEqual([undefined, undefined]);
  expect(comparable(ours[name])).toEqual(comparable(odoo[name]));
  expect(ours[name]).toMatchObject({ written: true, unlinked: true, gone: [], copied: 1 });
});
