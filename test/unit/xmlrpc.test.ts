// XML-RPC as clients send it, and as attackers send it.

import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../sidecar/src/errors.ts';
import { BegunCall, writeValue } from '../../sidecar/src/protocols/xml.ts';

const head = '<?xml version="1.0"?>';
const documentOf = (value: string) =>
  `${head}<methodCall><methodName>m</methodName><params><param>${value}</param></params></methodCall>`;
const paramsOf = (bytes: Buffer) => new BegunCall(bytes, 3).finish();
const parsed = async (value: string) => (await paramsOf(Buffer.from(documentOf(value))))[0];

async function reasonOf(text: string | Buffer): Promise<string> {
  try {
    const begun = new BegunCall(Buffer.from(text), 3);
    await begun.finish();
    expect(begun.method).toBe('m');
  } catch (error) {
    if (error instanceof GatewayError) return error.reason;
    throw error;
  }
  return 'taken';
}

test.each([
  ['<value>plain</value>', 'plain'],
  ['<value/>', ''],
  ['<value>a &lt;b&gt; &#233;</value>', 'a <b> é'],
  ['<value><string><![CDATA[<x>]]></string></value>', '<x>'],
  ['<value><int> -5 </int></value>', -5],
  ['<value><i4>7</i4></value>', 7],
  ['<value><i8>1099511627776</i8></value>', 2 ** 40],
  ['<value><double>2.50</double></value>', 2.5],
  ['<value><boolean>0</boolean></value>', false],
  ['<value><nil/></value>', null],
  ['<value><ex:nil/></value>', null],
  ['<value><base64>aGVs\n bG8=</base64></value>', 'aGVsbG8='],
  ['<value><dateTime.iso8601>20260131T10:20:30</dateTime.iso8601></value>', '2026-01-31 10:20:30'],
  ['<value>\n <array> <data> <value><int>1</int></value> <value>x</value> </data> </array>\n</value>', [1, 'x']],
  ['<value><struct><member><name>a</name><value><nil/></value></member></struct></value>', { a: null }],
  ['<value><struct/></value>', {}],
])('the value is parsed: %s', async (value, expected) => {
  expect(await parsed(value)).toEqual(expected);
});

test('a member called __proto__ is an ordinary member', async () => {
  const found = await parsed('<value><struct><member><name>__proto__</name><value>x</value></member></struct></value>');
  expect(Object.keys(found as object)).toEqual(['__proto__']);
  expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
});

test('a call without params is parsed, and so are documents in other encodings', async () => {
  expect(await paramsOf(Buffer.from(`${head}<methodCall><methodName>version</methodName></methodCall>`))).toEqual([]);
  const text = documentOf('<value>Zoë</value>');
  const latin = Buffer.from(text.replace('"1.0"', '"1.0" encoding="ISO-8859-1"'), 'latin1');
  const wide = Buffer.from(`\ufeff${text.replace('"1.0"', '"1.0" encoding="UTF-16"')}`, 'utf16le');
  const found = await Promise.all([latin, wide, Buffer.from(wide).swap16()].map(paramsOf));
  expect(found).toEqual([['Zoë'], ['Zoë'], ['Zoë']]);
});

const attributes = (count: number) => Array.from({ length: count }, (_, i) => `a${i}=""`).join(' ');
/** Parameters before the relevant one. */
const three = ['db', 'login', 'secret'].map((text) => `<value>${text}</value></param><param>`).join('');
const nested = (depth: number) => '<value><array><data>'.repeat(depth) + '</data></array></value>'.repeat(depth);

describe('documents that are refused', () => {
  test.each([
    ['nothing', '', 'request.xml'],
    ['no XML', '{"a": 1}', 'request.xml'],
    ['a newline first', `\n${documentOf('<value/>')}`, 'request.xml'],
    ['truncated', documentOf('<value>x</value>').slice(0, -20), 'request.xml'],
    ['another root', `${head}<methodResponse/>`, 'request.xml'],
    ['an unknown element', documentOf('<value><evil/></value>'), 'request.xml'],
    ['two values in one', documentOf('<value><int>1</int><int>2</int></value>'), 'request.xml'],
    ['a member without name', documentOf('<value><struct><member><value>x</value></member></struct></value>'), 'request.xml'],
    ['a DOCTYPE', `${head}<!DOCTYPE methodCall>${documentOf('<value/>').slice(head.length)}`, 'request.xml'],
    ['an external entity', `${head}<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><methodCall/>`, 'request.xml'],
    ['a billion laughs', `${head}<!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><methodCall>&b;</methodCall>`, 'request.xml'],
    ['an entity of HTML', documentOf('<value>&nbsp;</value>'), 'request.xml'],
    ['a control character', documentOf('<value>&#1;</value>'), 'request.xml'],
    ['65 levels', documentOf(nested(65)), 'request.too_deep'],
    ['100,000 levels', documentOf(nested(100_000)), 'request.too_deep'],
    ['an unknown encoding', `<?xml version="1.0" encoding="ebcdic"?><methodCall/>`, 'request.xml'],
    ['bytes that are not in the declared encoding', Buffer.from([...Buffer.from('<methodCall>'), 0xff, 0xfe]), 'request.xml'],
    ['a double that is not a number', documentOf('<value><double>nan</double></value>'), 'body.value'],
    ['an int beyond 2^53', documentOf('<value><int>9007199254740993</int></value>'), 'body.value'],
    ['a time with a zone', documentOf('<value><dateTime.iso8601>20260131T10:20:30Z</dateTime.iso8601></value>'), 'body.value'],
    ['100,000 attributes', documentOf(`<value ${attributes(100_000)}/>`), 'request.xml'],
    [
      'a number that could match in many ways',
      documentOf(`${three}<value><double>${'1'.repeat(200_000)}x</double></value>`),
      'body.value',
    ],
  ])('%s', async (_what, text, reason) => {
    const before = performance.now();
    expect(await reasonOf(text)).toBe(reason);
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  test('documents that would take too much memory are refused before they are parsed', () => {
    const weighed: number[] = [];
    const many = Buffer.from(documentOf(`<value><array><data>${'<value/>'.repeat(50_000)}</data></array></value>`));
    const refuse = (size: number) => {
      weighed.push(size);
      throw new GatewayError('request.too_large');
    };
    expect(() => new BegunCall(many, 3, refuse)).toThrow(expect.objectContaining({ reason: 'request.too_large' }));
    expect(weighed[0]).toBeGreaterThan(3_000_000);
  });
});

describe('a large call', () => {
  const call = (params: string) => Buffer.from(documentOf(params));

  test('only the beginning of a large call is parsed until its caller is known', async () => {
    const begun = new BegunCall(call(`${three}${'<value>x</value>'.repeat(100_000)}</param><evil/><param>`), 3);
    expect([begun.method, begun.params.slice(0, 3)]).toEqual(['m', ['db', 'login', 'secret']]);
    await expect(begun.finish()).rejects.toMatchObject({ reason: 'request.xml' });
  });

  test('the part before the credential must be short', () => {
    expect(() => new BegunCall(call(`<!--${'x'.repeat(20_000)}-->${three}<value/>`), 3)).toThrow(/first parameters/);
  });

  test('other requests get their turn while a large call is parsed', async () => {
    const begun = new BegunCall(call(`${three}<value>${'&amp;'.repeat(200_000)}</value>`), 3);
    let turns = 0;
    const counter = setInterval(() => (turns += 1), 1);
    const params = await begun.finish();
    clearInterval(counter);
    expect(params[3]).toBe('&'.repeat(200_000));
    expect(turns).toBeGreaterThan(0);
  });
});

test('values are written as Odoo writes them', () => {
  expect(writeValue({ a: [1, 1.5, '<&>\u0001', false, null] })).toBe(
    '<value><struct><member><name>a</name><value><array><data><value><int>1</int></value><value><double>1.5</double></value>' +
      '<value><string>&lt;&amp;&gt;</string></value><value><boolean>0</boolean></value><value><boolean>0</boolean></value>' +
      '</data></array></value></member></struct></value>',
  );
});
