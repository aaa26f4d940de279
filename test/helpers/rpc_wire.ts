// One call to Odoo and to the gateway, on the wire, and whether both answer the same.

import { isDeepStrictEqual } from 'node:util';
import type { Call, Writing } from './rpc_random.ts';
import { Twin } from './rpc_random.ts';

export interface Caller {
  readonly database: string;
  readonly login: string;
  readonly uid: number;
  readonly key: string;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

export interface Compared {
  readonly call: Call;
  /** The intended difference, from the table below; undefined: the answers are equal. */
  readonly meant?: string;
  /** What was sent and answered; set only if the answers differ unintentionally. */
  readonly differs?: { readonly sent: string; readonly odoo: unknown; readonly gateway: unknown };
}

/** The first id of the records that each side creates. The id sequences start here, so no other number looks like such an id. */
export const firstId = 5_000_000;
const ownId = /\b[56]\d{6}\b/g;

export class Wire {
  readonly #urls: readonly [odoo: string, gateway: string];
  readonly #caller: Caller;
  /** For each twin, its id on Odoo's side and on the gateway's. */
  readonly twins: [odoo: number, gateway: number][] = [];

  constructor(urls: readonly [string, string], caller: Caller) {
    this.#urls = urls;
    this.#caller = caller;
  }

  async compare(call: Call): Promise<Compared> {
    const sent = [0, 1].map((side) => this.#request(call, side as 0 | 1)) as [Sent, Sent];
    const [odoo, gateway] = await Promise.all([post(this.#urls[0], sent[0]), post(this.#urls[1], sent[1])]);
    this.#meet(call, odoo, gateway);
    const seen = [this.#normal(call, odoo, 0), this.#normal(call, gateway, 1)] as const;
    if (isDeepStrictEqual(seen[0], seen[1])) return { call };
    const meant = meantDifferences.find(({ holds }) => holds(call, seen[0], seen[1], odoo, gateway));
    if (meant !== undefined) {
      this.#retire(call);
      return { call, meant: meant.name };
    }
    const body = Buffer.from(sent[1].body).toString(call.writing.encoding === 'utf-16le' ? 'utf16le' : 'utf8');
    this.#retire(call);
    const differs = { sent: `${sent[1].path} ${body.slice(0, 1_500)}`, odoo: shown(odoo), gateway: shown(gateway) };
    return { call, differs };
  }

  /** Records that both sides have just created become twins. */
  #meet({ method, model }: Call, odoo: Answer, gateway: Answer): void {
    if (model !== 'res.partner' || !['create', 'copy', 'name_create'].includes(method)) return;
    const [theirs, ours] = [odoo, gateway].map(({ text }) => [...text.matchAll(ownId)].map(([id]) => Number(id))) as [
      number[],
      number[],
    ];
    const isMade = [odoo, gateway].every(({ status, text }) => status === 200 && !/<fault>|"error":/.test(text));
    if (!isMade || theirs.length !== ours.length) return;
    for (const [n, id] of theirs.entries()) this.twins.push([id, ours[n] ?? 0]);
  }

  /** Twins that a call has made different are no longer twins. */
  #retire({ ids, args }: Call): void {
    const named = [ids, ...args].flat(2).flatMap((item) => (item instanceof Twin ? [item.number] : []));
    for (const n of [...new Set(named)].sort((a, b) => b - a)) this.twins.splice(n, 1);
  }

  #request(call: Call, side: 0 | 1): Sent {
    const resolved = (value: unknown): unknown => {
      if (value instanceof Twin) return this.twins[value.number]?.[side] ?? 0;
      if (Array.isArray(value)) return value.map(resolved);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, resolved(item)]));
    };
    return requestOf(
      { ...call, args: resolved(call.args) as unknown[], kwargs: resolved(call.kwargs), ids: resolved(call.ids) },
      this.#caller,
    );
  }

  /**
   * The part of an answer that must be equal. Usually that is all of it; for an error that Odoo did not expect, it is only the
   * fact that it is an error.
   */
  #normal({ protocol }: Call, { status, type, text }: Answer, side: 0 | 1): unknown {
    if (protocol.startsWith('xmlrpc')) {
      // Blanks between elements mean nothing.
      const same = this.#withoutChance(text, side).replaceAll(/>\s+</g, '><');
      return { status, type, ...(faultIn(same) ?? { text: same }) };
    }
    if (!type.startsWith('application/json')) return { status, type };
    const json = this.#same(JSON.parse(text), side) as Record<string, unknown>;
    if (protocol === 'json2') return { status, type, ...(status === 200 ? { json } : errorIn(json)) };
    const { error, ...rest } = json;
    return { status, type, ...rest, ...(error === undefined ? {} : { error: errorIn((error as { data: object }).data) }) };
  }

  #same(value: unknown, side: 0 | 1): unknown {
    if (typeof value === 'string') return this.#withoutChance(value, side);
    if (typeof value === 'number')
      return value >= firstId && value < 3 * firstId ? this.#withoutChance(String(value), side) : value;
    if (Array.isArray(value)) return value.map((item) => this.#same(item, side));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.#same(item, side)]));
  }

  /** Ids, addresses of Python's objects, names of exported records and times of writing differ each time. */
  #withoutChance(text: string, side: 0 | 1): string {
    return text
      .replaceAll(ownId, (id) => {
        const n = this.twins.findIndex((twin) => twin[side] === Number(id));
        return n === -1 ? '#' : `#${n}`;
      })
      .replaceAll(/0x[0-9a-f]{6,}|__export__\.\w+|\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\b/g, '…');
  }
}

function faultIn(text: string): object | undefined {
  const [, code, string] =
    /<name>faultCode<\/name>\s*<value><(?:int|string)>([\s\S]*?)<\/(?:int|string)><\/value>[\s\S]*<name>faultString<\/name>\s*<value><string>([\s\S]*?)<\/string>/.exec(
      text,
    ) ?? [];
  if (code === undefined) return undefined;
  const isExpected = /^[234]$|^warning -- |^AccessDenied$/.test(code);
  return isExpected ? { code, string } : { code: 'unexpected' };
}

function errorIn(data: { readonly name?: unknown; readonly message?: unknown; readonly arguments?: unknown }): object {
  const { name, message, arguments: args } = data;
  if (typeof name === 'string' && name.startsWith('odoo.exceptions.')) return { name, message, args };
  if (typeof name === 'string' && name.startsWith('werkzeug.exceptions.')) return { name };
  return { name: 'unexpected' };
}

type Holds = (call: Call, odoo: unknown, gateway: unknown, odooAnswer: Answer, gatewayAnswer: Answer) => boolean;

const isFault = ({ status, text }: Answer) => status >= 400 || /<fault>|"error": ?\{/.test(text);
const isUnexpected = (seen: unknown) => JSON.stringify(seen).includes('"unexpected"');

const checked =
  /cannot be set to|links to \S+ \d+, which does not exist|cannot be searched|has no field|must be a string|enough rights to access the field|A domain m(?:ust|ay) be|The domain (?:has|cannot compare)|'ids' is not a list|cannot be searched with|named arguments of execute_kw are/;

/** Described in docs/guide.md, "Existing clients of Odoo". */
const meantDifferences: readonly { readonly name: string; readonly holds: Holds }[] = [
  {
    name: 'a method without a result gives false over XML-RPC',
    holds: (_call, _odoo, _gateway, odoo, gateway) =>
      odoo.text.includes('cannot marshal None') && gateway.text.includes('<boolean>0</boolean>'),
  },
  {
    name: 'an error that Odoo did not expect gets a reason from the gateway, and another number or status',
    holds: (_call, odoo, _gateway, _theirs, ours) => isUnexpected(odoo) && isFault(ours),
  },
  {
    name: 'a uid that does not belong to the key gets Access Denied',
    holds: ({ wrong }, _odoo, _gateway, _theirs, { text }) => wrong === 'uid' && text.includes('Access Denied'),
  },
  {
    name: 'names, ids and values are checked before the call, even where Odoo does not look at them',
    holds: (_call, _odoo, _gateway, _theirs, { text }) => text.length < 3_000 && checked.test(text),
  },
  {
    name: 'a language that is not installed is refused, even where Odoo does not need it',
    holds: (_call, _odoo, _gateway, theirs, { text }) => !isFault(theirs) && text.includes('Invalid language code: '),
  },
  {
    name: 'an unknown time zone is ignored, even where Odoo would store it in a new record',
    holds: ({ kwargs }, odoo, _gateway, _theirs, ours) =>
      isUnexpected(odoo) && !isFault(ours) && JSON.stringify(kwargs).includes('Nowhere/Else'),
  },
  {
    name: 'create takes its values by name',
    holds: ({ method }, odoo, _gateway, _theirs, ours) => method === 'create' && isUnexpected(odoo) && !isFault(ours),
  },
  {
    name: 'fields that are closed to all are left out if no fields are named',
    holds: ({ method, args, kwargs, writing }, _odoo, _gateway, theirs, ours) => {
      const isNamed = args.length > 1 || Object.hasOwn((kwargs ?? {}) as object, 'fields');
      const isWhole = writing.broken === 'empty' || writing.broken === 'no params' || !isNamed;
      return isWhole && (method === 'read' || method === 'search_read') && !isFault(theirs) && !isFault(ours);
    },
  },
  {
    name: 'the year 1 has four digits',
    holds: (_call, odoo, gateway) => JSON.stringify(gateway).replaceAll('"0001-', '"1-') === JSON.stringify(odoo),
  },
  {
    name: 'a request without the right content type is accepted, or refused in JSON',
    holds: (_call, _odoo, _gateway, { status }) => status === 415,
  },
];

interface Sent {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

/** The HTTP request of a call. */
export function requestOf(call: Call, caller: Caller): Sent {
  const { protocol, service, method, model, wrong, writing } = call;
  const database = wrong === 'database' ? 'nope' : caller.database;
  const key = wrong === 'key' ? 'wrong' : wrong === 'empty key' ? '' : caller.key;
  if (protocol === 'json2') {
    const body = { ...(call.kwargs as object), ...(call.ids === undefined ? {} : { ids: call.ids }) };
    const headers = { Authorization: `bearer ${key}`, 'X-Odoo-Database': caller.database };
    return json(
      `/json/2/${model}/${method}`,
      body,
      writing,
      wrong === 'nobody' ? { 'X-Odoo-Database': caller.database } : headers,
    );
  }
  const params = paramsOf(call, database, key, caller);
  const version = protocol === 'xmlrpc.1' ? '/xmlrpc' : '/xmlrpc/2';
  const name = service === 'object' ? (call.isPositional ? 'execute' : 'execute_kw') : method;
  if (protocol !== 'jsonrpc') return xml(`${version}/${service}`, name, params, writing);
  return json(
    '/jsonrpc',
    { jsonrpc: '2.0', method: 'call', id: writing.id, params: { service, method: name, args: params } },
    writing,
  );
}

function paramsOf(call: Call, database: string, key: string, { uid, login }: Caller): unknown[] {
  const { service, method, model, args, kwargs, wrong } = call;
  if (service === 'common' && (method === 'login' || method === 'authenticate')) {
    return [database, wrong === 'login' ? 'nobody' : login, key, ...args];
  }
  if (service !== 'object') return [...args];
  const who = [database, wrong === 'nobody' ? false : wrong === 'uid' ? 99_999_999 : uid, key, model, method];
  if (call.isPositional) return [...who, ...args];
  const isEmpty = typeof kwargs === 'object' && kwargs !== null && Object.keys(kwargs).length === 0;
  return isEmpty && call.writing.isTyped ? [...who, args] : [...who, args, kwargs];
}

function json(path: string, value: unknown, { broken }: Writing, headers: Record<string, string> = {}): Sent {
  const text = JSON.stringify(value);
  const bodies: Record<string, string> = {
    cut: text.slice(0, -3),
    empty: '',
    list: `[${text}]`,
    text: 'hello',
    null: 'null',
    string: '"x"',
    'no params': '{"id":1}',
  };
  const type =
    broken === 'type' ? { 'Content-Type': 'text/plain' } : broken === 'no type' ? {} : { 'Content-Type': 'application/json' };
  return { path, headers: { ...type, ...headers }, body: Buffer.from(bodies[broken ?? ''] ?? text) };
}

function xml(path: string, method: string, params: readonly unknown[], writing: Writing): Sent {
  const { encoding, broken } = writing;
  const given = params.map((param) => `<param>${xmlValue(param, writing)}</param>`).join('');
  const inside = broken === 'no params' ? '' : `<params>${given}</params>`;
  const call = `<methodCall>${broken === 'no method' ? '' : `<methodName>${method}</methodName>`}${inside}</methodCall>`;
  const names = { 'utf-8': 'UTF-8', 'utf-16le': 'UTF-16', latin1: 'ISO-8859-1' };
  const head = `<?xml version="1.0" encoding="${names[encoding]}"?>`;
  const texts: Record<string, string> = {
    cut: `${head}${call.slice(0, -20)}`,
    newline: `\n${head}${call}`,
    empty: '',
    text: 'hello',
    doctype: `${head}<!DOCTYPE methodCall>${call.replace('methodCall>', 'methodCal>')}`,
    'unknown element': `${head}${call.replaceAll('string>', 'strong>')}`,
    twice: `${head}${call}${call}`,
  };
  const text = texts[broken ?? ''] ?? `${head}${call}`;
  const body =
    encoding === 'utf-16le'
      ? Buffer.from(`\ufeff${text}`, 'utf16le')
      : encoding === 'latin1'
        ? Buffer.from(
            text.replaceAll(/[^\0-\xff]/gu, (char) => `&#${char.codePointAt(0)};`),
            'latin1',
          )
        : Buffer.from(text);
  return { path, headers: { 'Content-Type': 'text/xml' }, body };
}

function xmlValue(value: unknown, writing: Writing): string {
  return `<value>${contentOf(value, writing)}</value>`;
}

function contentOf(value: unknown, writing: Writing): string {
  if (value === null || value === undefined) return '<nil/>';
  if (typeof value === 'boolean') return `<boolean>${value ? 1 : 0}</boolean>`;
  if (typeof value === 'number') {
    return Number.isInteger(value) ? `<${writing.whole}>${value}</${writing.whole}>` : `<double>${value}</double>`;
  }
  if (typeof value === 'string') return writing.isTyped ? `<string>${escaped(value)}</string>` : escaped(value);
  if (Array.isArray(value)) return `<array><data>${value.map((item) => xmlValue(item, writing)).join('')}</data></array>`;
  const members = Object.entries(value).map(
    ([name, item]) => `<member><name>${escaped(name)}</name>${xmlValue(item, writing)}</member>`,
  );
  return `<struct>${members.join('')}</struct>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

async function post(url: string, { path, headers, body }: Sent): Promise<Answer> {
  const answer = await fetch(url + path, { method: 'POST', headers, body });
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() };
}

/** The end of a traceback says what was raised. */
function shown({ status, type, text }: Answer): string {
  return `${status} ${type} ${text.length > 900 ? `${text.slice(0, 300)} … ${text.slice(-600)}` : text}`;
}
