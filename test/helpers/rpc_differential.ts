// Random calls to Odoo and to a gateway, side by side.

import type { Instance } from './instance.ts';
import { createOdooKey, createUser } from './odoo_keys.ts';
import { RandomCalls } from './rpc_random.ts';
import type { Compared } from './rpc_wire.ts';
import { firstId, Wire } from './rpc_wire.ts';

export async function compareCalls(gateway: Instance, { calls, seed }: { calls: number; seed: number }): Promise<Compared[]> {
  // The user has no password, because Odoo would first try each key as a password, which takes half a second.
  const login = `differential ${seed}`;
  const uid = await createUser(gateway, login, [
    'base.group_user',
    'base.group_system',
    'base.group_partner_manager',
    'sales_team.group_sale_salesman_all_leads',
  ]);
  const { secret: key } = await createOdooKey(gateway, { userId: uid });
  for (const [n, table] of ['res_partner', 'res_partner_category'].entries()) {
    await gateway.sql(`select setval('${table}_id_seq', greatest(nextval('${table}_id_seq'), ${firstId + n * 1_000_000}))`);
  }
  const wire = new Wire([gateway.odoo.url, gateway.sidecar.url], { database: gateway.database, login, uid, key });
  const random = new RandomCalls(seed, () => wire.twins.length);
  const compared: Compared[] = [];
  for (let n = 0; n < calls; n += 1) compared.push(await wire.compare(random.next()));
  return compared;
}
