// Random calls of XML-RPC, JSON-RPC and JSON-2, valid and faulty, to Odoo and to the gateway: their answers are equal.
//
//   npm run soak -- rpc [--calls 2000] [--seed 7] [--show 5]

import { parseArgs } from 'node:util';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { report } from '../bench/harness.ts';
import { createInstance } from '../helpers/instance.ts';
import { compareCalls } from '../helpers/rpc_differential.ts';

const { values: options } = parseArgs({
  options: { calls: { type: 'string', default: '2000' }, seed: { type: 'string' }, show: { type: 'string', default: '5' } },
});
const seed = Number(options.seed ?? Date.now() % 1_000_000);
say(`seed ${seed}`);

const gateway = await createInstance({ ...(await provideRealParts()), sharedOdooUrl: null });
try {
  const compared = await compareCalls(gateway, { calls: Number(options.calls), seed });
  const differing = compared.filter(({ differs }) => differs !== undefined);
  for (const { differs } of differing.slice(0, Number(options.show))) say(JSON.stringify(differs, null, 2));
  const meant = Object.groupBy(compared, ({ meant: name }) => name ?? '');
  for (const [name, calls] of Object.entries(meant)) if (name !== '') say(`meant to differ: ${calls?.length} times ${name}`);
  const equal = compared.filter(({ meant: name, differs }) => name === undefined && differs === undefined).length;
  report(
    'rpc',
    { calls: compared.length, equal, meant: compared.length - equal - differing.length, differing: differing.length },
    {},
  );
  if (differing.length > 0) process.exitCode = 1;
} finally {
  await gateway.close();
}
