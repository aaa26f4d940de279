// A webhook on contacts, created over RPC with the values that its form would send.

import type { Instance } from './instance.ts';

/** Creates the webhook and returns its id. @param values of the webhook; `payload` and `watched` are names of fields of contacts */
export async function createPartnerWebhook(
  gateway: Pick<Instance, 'orm'>,
  { name, url, payload, watched }: { name: string; url: string; payload: readonly string[]; watched?: readonly string[] },
): Promise<number> {
  const [model] = await gateway.orm<number[]>('ir.model', 'search', { domain: [['model', '=', 'res.partner']] });
  const fieldIds = async (names: readonly string[]) => [
    [
      6,
      0,
      await gateway.orm<number[]>('ir.model.fields', 'search', {
        domain: [
          ['model', '=', 'res.partner'],
          ['name', 'in', names],
        ],
      }),
    ],
  ];
  const [id] = await gateway.orm<number[]>('gateway.webhook', 'create', {
    vals_list: [
      {
        name,
        url,
        model_id: model,
        payload_field_ids: await fieldIds(payload),
        ...(watched === undefined ? {} : { watched_field_ids: await fieldIds(watched) }),
      },
    ],
  });
  return id as number;
}
