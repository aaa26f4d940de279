// Rights change while reads are compiled, on two sidecars: once Odoo has confirmed a change, the next read on each sidecar must
// obey it.
//
//   npm run soak -- compiled_races [--races 1000]

import { parseArgs } from 'node:util';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import type { Answer } from '../helpers/http_client.ts';
import { createInstance } from '../helpers/instance.ts';
import { createOdooKey } from '../helpers/odoo_keys.ts';
import { until } from '../helpers/wait.ts';

const { values: options } = parseArgs({ options: { races: { type: 'string', default: '1000' } } });
const path = '/api/v1/res.partner.category?fields=name';

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
try {
  const sidecars = [gateway, await gateway.startSidecar()];
  const create = async (model: string, values: object): Promise<number> => {
    const [id] = await gateway.orm<number[]>(model, 'create', { vals_list: [values] });
    return id ?? 0;
  };
  const write = (model: string, id: number, vals: object) => gateway.orm(model, 'write', { ids: [id], vals });
  const idOf = async (xmlId: string): Promise<number> => {
    const [module, name] = xmlId.split('.');
    const [row] = await gateway.sql<{ res_id: number }>('select res_id from ir_model_data where module = $1 and name = $2', [
      module,
      name,
    ]);
    return row?.res_id ?? 0;
  };
  const [model] = await gateway.sql<{ id: number }>("select id from ir_model where model = 'res.partner.category'");
  const [company] = await gateway.sql<{ id: number }>('select id from res_company order by id limit 1');
  const second = await create('res.company', { name: 'Second' });
  const users = await idOf('base.group_user');
  const seeing = await create('res.groups', { name: 'Sees categories' });
  const user = await create('res.users', {
    name: 'Racer',
    login: 'racer',
    company_id: company?.id,
    company_ids: [[6, 0, [company?.id, second]]],
    group_ids: [[6, 0, [users, seeing]]],
  });
  const { secret: key } = await createOdooKey(gateway, { userId: user, rounds: 1 });
  const all = "[(1, '=', 1)]";
  const rule = await create('ir.rule', { name: 'all of them', model_id: model?.id, domain_force: all });
  await create('ir.rule', { name: 'seen', model_id: model?.id, domain_force: all, groups: [[6, 0, [seeing]]] });
  await create('ir.rule', { name: 'unseen', model_id: model?.id, domain_force: "[('id', '=', 0)]", groups: [[6, 0, [users]]] });
  // The new access right is the only one on the model, so taking it away has an effect.
  for (const { id } of await gateway.sql<{ id: number }>('select id from ir_model_access where model_id = $1', [model?.id])) {
    await write('ir.model.access', id, { active: false });
  }
  const right = await create('ir.model.access', { name: 'to read', model_id: model?.id, group_id: users, perm_read: true });

  const found = ({ status, json }: Answer) => (status === 200 ? json.data.length : status);
  const headers = { 'X-Gateway-Explain': '1', 'X-Odoo-Company': `${second}` };
  const ask = () => Promise.all(sidecars.map((sidecar) => sidecar.get(path, { key, headers })));
  const [whole = 0] = (await ask()).map(found);

  const kinds = {
    rule: {
      take: () => write('ir.rule', rule, { domain_force: "[('id', '=', 0)]" }),
      give: () => write('ir.rule', rule, { domain_force: all }),
    },
    right: {
      take: () => write('ir.model.access', right, { active: false }),
      give: () => write('ir.model.access', right, { active: true }),
    },
    group: {
      take: () => write('res.users', user, { group_ids: [[3, seeing]] }),
      give: () => write('res.users', user, { group_ids: [[4, seeing]] }),
    },
    user: {
      take: () => write('res.users', user, { active: false }),
      give: () => write('res.users', user, { active: true }),
    },
    company: {
      take: () => write('res.company', second, { user_ids: [[3, user]] }),
      give: () => write('res.company', second, { user_ids: [[4, user]] }),
    },
  };
  const races = Number(options.races);
  const figures: Record<string, number> = { races, stale: 0, were_compiled: 0 };
  for (let race = 0; race < races; race += 1) {
    const [name = '', { take, give } = kinds.rule] = Object.entries(kinds)[race % 5] ?? [];
    let answers: Answer[] = [];
    await until(
      `${name}: both are compiled`,
      async () => {
        answers = await ask();
        return answers.every((answer) => answer.headers.get('x-gateway-read') === 'compiled');
      },
      30_000,
    ).catch((error: unknown) => {
      throw new Error(
        `${String(error)} ${answers.map((answer) => `${answer.headers.get('x-gateway-read')} ${answer.text.slice(0, 200)}`)}`,
      );
    });
    figures['were_compiled'] = (figures['were_compiled'] ?? 0) + 1;
    await take();
    const after = (await ask()).map(found);
    const isStale = after.some((count) => count > 0 && count < 400);
    if (isStale) {
      figures['stale'] = (figures['stale'] ?? 0) + 1;
      say(`  race ${race}, ${name}: ${after.join(' and ')} of ${whole}`);
    }
    await give();
    if ((race + 1) % 50 === 0) say(`  ${race + 1} races, ${figures['stale']} stale`);
  }
  report('compiled_races', figures, {});
  if ((figures['stale'] ?? 0) > 0) process.exitCode = 1;
} finally {
  await gateway.close();
}
