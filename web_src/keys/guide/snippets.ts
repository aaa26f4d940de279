// The guide's examples: one request in several languages.

import type { Asked } from './topics';

export type Language = 'fetch' | 'typed' | 'apps_script' | 'curl' | 'python';

export interface Example {
  /** The gateway's address, without a trailing slash. */
  url: string;
  /** A secret, or its placeholder. */
  key: string;
  asked: Asked;
}

/** A string literal that is valid in JavaScript and Python. */
const quoted = (text: string) => JSON.stringify(text);

const shellQuoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** JSON that is also valid JavaScript and Python, because bodies contain only strings, numbers, lists and objects. */
const literal = (body: unknown, indent: number) => JSON.stringify(body, null, 2).replaceAll('\n', `\n${' '.repeat(indent)}`);

/** The property with the text of the answer's error; empty if the error is the text itself. */
const errorOf = ({ hasPlainError }: Asked) => (hasPlainError ? '' : '.message');

export const snippets: Record<Language, (example: Example) => string> = {
  fetch({ url, key, asked }) {
    const headers = `"X-API-KEY": ${quoted(key)}`;
    const sent =
      asked.body === undefined
        ? `  headers: { ${headers} },\n`
        : `  method: ${quoted(asked.method)},\n  headers: { "Content-Type": "application/json", ${headers} },\n` +
          `  body: JSON.stringify(${literal(asked.body, 2)}),\n`;
    return `const response = await fetch(${quoted(url + asked.path)}, {
${sent}});
const answer = await response.json();
if (!answer.success) throw new Error(answer.error${errorOf(asked)});
console.log(answer.data);
`;
  },

  // For a shell: it installs the client, pulls the models' types, and runs an example. Node 22.18 or newer can run it.
  typed: ({ url, key, asked: { typed } }) => `npm install ${shellQuoted(`${url}/api/client.tgz`)}
export GATEWAY_KEY=${shellQuoted(key)}
npx odoo-gateway-client pull ${shellQuoted(url)} --models ${typed.model}

cat > example.ts <<'END'
import { Gateway } from "odoo-gateway-client";
import type { Models } from "./odoo/index.js";

const gateway = new Gateway<Models>({ url: ${quoted(url)}, key: process.env.GATEWAY_KEY ?? "" });
const { data } = await gateway.${typed.call};
console.log(data);
END
node example.ts
`,

  apps_script({ url, key, asked }) {
    const body =
      asked.body === undefined
        ? ''
        : `    contentType: "application/json",\n    payload: JSON.stringify(${literal(asked.body, 4)}),\n`;
    return `function example() {
  const response = UrlFetchApp.fetch(${quoted(url + asked.path)}, {
    method: ${quoted(asked.method.toLowerCase())},
    headers: { "X-API-KEY": ${quoted(key)} },
${body}    muteHttpExceptions: true,
  });
  const answer = JSON.parse(response.getContentText());
  if (!answer.success) throw new Error(answer.error${errorOf(asked)});
  console.log(answer.data);
}
`;
  },

  curl({ url, key, asked }) {
    const first = asked.body === undefined ? 'curl' : `curl -X ${asked.method}`;
    const body =
      asked.body === undefined
        ? ''
        : ` \\\n  -H 'Content-Type: application/json' \\\n  -d ${shellQuoted(JSON.stringify(asked.body))}`;
    return `${first} ${shellQuoted(url + asked.path)} \\
  -H ${shellQuoted(`X-API-KEY: ${key}`)}${body}
`;
  },

  python({ url, key, asked }) {
    const body = asked.body === undefined ? '' : `    json=${literal(asked.body, 4)},\n`;
    return `import requests

response = requests.${asked.method.toLowerCase()}(
    ${quoted(url + asked.path)},
    headers={"X-API-KEY": ${quoted(key)}},
${body}    timeout=30,
)
answer = response.json()
if not answer["success"]:
    raise RuntimeError(answer["error"]${asked.hasPlainError ? '' : '["message"]'})
print(answer["data"])
`;
  },
};
