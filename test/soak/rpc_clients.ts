// All public clients of Odoo that the guide names, on Odoo and on the gateway: the same script gets the same results from both.
//
//   npm run soak -- rpc_clients

import { isDeepStrictEqual } from 'node:util';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import { createInstance } from '../helpers/instance.ts';
import { comparable, patient, publicClients, runClients } from '../helpers/rpc_public_clients.ts';

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null }, { env: patient });
try {
  const { odoo, ours } = await runClients(gateway, publicClients);
  const differing = publicClients.filter((name) => {
    const isSame = isDeepStrictEqual(comparable(ours[name]), comparable(odoo[name]));
    const hasRun = ours[name] !== undefined && ours[name].failed === undefined;
    if (!(isSame && hasRun)) say(`${name}: ${JSON.stringify({ odoo: odoo[name], ours: ours[name] }, null, 2)}`);
    return !(isSame && hasRun);
  });
  report('rpc_clients', { clients: publicClients.length, differing: differing.length }, {});
  if (differing.length > 0) process.exitCode = 1;
} finally {
  await gateway.close();
}
