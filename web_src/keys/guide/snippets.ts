// The guide's examples: one request in several languages.

export type Language = 'fetch' | 'typed' | 'apps_script' | 'curl' | 'python';

export interface Example {
  /** The gateway's address, without a slash at its end. */
  url: string;
  /** A secret, or its placeholder. */
  key: string;
  /** A model that the user may read. */
  model: string;
}

const fieldsOf = (model: string) => (model === 'sale.order' ? ['name', 'state'] : ['name', 'email']);

const bodyOf = ({ model }: Example) => ({
  model,
  method: 'search_read',
  args: [[]],
  kwargs: { limit: 5, fields: fieldsOf(model) },
});

/** The request's body as in the guide's explanation, with a condition. */
export function explainedBody(model: string): string {
  const domain = model === 'sale.order' ? '["date_order", ">=", "2026-05-01 00:00:00"]' : '["is_company", "=", true]';
  return `{
  "model": "${model}",
  "method": "search_read",
  "args": [[${domain}]],
  "kwargs": {"limit": 5, "fields": ${fieldList(model)}}
}`;
}

const fieldList = (model: string) =>
  `[${fieldsOf(model)
    .map((name) => `"${name}"`)
    .join(', ')}]`;

/** A string literal that is valid in JavaScript and Python. */
const quoted = (text: string) => JSON.stringify(text);

const shellQuoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

export const snippets: Record<Language, (example: Example) => string> = {
  fetch: (example) => `const response = await fetch(${quoted(`${example.url}/call`)}, {
  method: "POST",
  headers: {
    "Content-Type": "application/json",
    "X-API-KEY": ${quoted(example.key)},
  },
  body: JSON.stringify({
    model: ${quoted(example.model)},
    method: "search_read",
    args: [[]],
    kwargs: { limit: 5, fields: ${fieldList(example.model)} },
  }),
});
const answer = await response.json();
if (!answer.success) throw new Error(answer.error);
console.log(answer.data);
`,

  // For a shell: it installs the client, pulls the model's types, and runs an example, which Node does from 22.18 on.
  typed: ({ url, key, model }) => `npm install ${shellQuoted(`${url}/api/client.tgz`)}
export GATEWAY_KEY=${shellQuoted(key)}
npx odoo-gateway-client pull ${shellQuoted(url)} --models ${model}

cat > example.ts <<'END'
import { Gateway } from "odoo-gateway-client";
import type { Models } from "./odoo/index.js";

const gateway = new Gateway<Models>({ url: ${quoted(url)}, key: process.env.GATEWAY_KEY ?? "" });
const { data } = await gateway.model(${quoted(model)}).search({ fields: ${fieldList(model)}, limit: 5 });
console.log(data);
END
node example.ts
`,

  apps_script: (example) => `function callGateway(model, method, args, kwargs) {
  const response = UrlFetchApp.fetch(${quoted(`${example.url}/call`)}, {
    method: "post",
    contentType: "application/json",
    headers: { "X-API-KEY": ${quoted(example.key)} },
    payload: JSON.stringify({ model, method, args, kwargs }),
    muteHttpExceptions: true,
  });
  const answer = JSON.parse(response.getContentText());
  if (!answer.success) throw new Error(answer.error);
  return answer.data;
}

function example() {
  const rows = callGateway(${quoted(example.model)}, "search_read", [[]], { limit: 5, fields: ${fieldList(example.model)} });
  console.log(rows);
}
`,

  curl: (example) => `curl -X POST ${shellQuoted(`${example.url}/call`)} \\
  -H 'Content-Type: application/json' \\
  -H ${shellQuoted(`X-API-KEY: ${example.key}`)} \\
  -d ${shellQuoted(JSON.stringify(bodyOf(example)))}
`,

  python: (example) => `import requests

response = requests.post(
    ${quoted(`${example.url}/call`)},
    headers={"X-API-KEY": ${quoted(example.key)}},
    json={
        "model": ${quoted(example.model)},
        "method": "search_read",
        "args": [[]],
        "kwargs": {"limit": 5, "fields": ${fieldList(example.model)}},
    },
    timeout=30,
)
answer = response.json()
if not answer["success"]:
    raise RuntimeError(answer["error"])
print(answer["data"])
`,
};
