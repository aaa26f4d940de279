// docs/guide.md: every example runs as written, in order, and gets the answer on the page.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { nodeBin } from '../../scripts/stack/sidecar.mjs';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';

interface Block {
  readonly language: string;
  readonly code: string;
  readonly line: number;
}

const page = readFileSync(join(import.meta.dirname, '../../docs/guide.md'), 'utf8');
const blocks: Block[] = [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((match) => ({
  language: match[1] ?? '',
  code: match[2] ?? '',
  line: page.slice(0, match.index).split('\n').length,
}));
const examples = blocks.flatMap((block, i) => {
  const next = blocks[i + 1];
  return ['sh', 'js', 'python'].includes(block.language)
    ? [{ ...block, shown: next?.language === 'json' ? next.code : undefined }]
    : [];
});

const gateway = await useInstance({ shared: true });
const web = await OdooWeb.login(gateway);
const client = await web.create('gateway.client', { name: 'of the guide', user_id: 2 });
const [partners] = await gateway.orm<number[]>('ir.model', 'search', { domain: [['model', '=', 'res.partner']] });
await gateway.orm('gateway.synced.model', 'create', { vals_list: [{ model_id: partners }] });
const dir = mkdtempSync(join(tmpdir(), 'guide-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
// On a refusal, curl exits with 22 and still shows the body.
writeFileSync(join(dir, '.curlrc'), 'silent\nshow-error\nfail-with-body\n');
const env = {
  PATH: process.env['PATH'],
  CURL_HOME: dir,
  GATEWAY: gateway.url,
  KEY: gateway.keys.admin,
  CLIENT_ID: client.clientId,
  CLIENT_SECRET: client.secret,
  LOGIN: 'admin',
  PASSWORD: 'admin',
};

test('the guide has examples of everything that it describes', () => {
  expect(examples.length).toBeGreaterThan(15);
  expect(examples.filter(({ shown }) => shown !== undefined).length).toBeGreaterThan(10);
});

test.each(examples)('the example of line $line ($language) answers as shown', async ({ language, code, shown }) => {
  const expected = shown === undefined ? undefined : JSON.parse(shown);
  const { exitCode, output, faults } = await run(language, code);
  expect([exitCode, faults]).toEqual([expected?.success === false ? 22 : 0, expect.anything()]);
  expect(output.trim(), faults).not.toBe('');
  if (expected !== undefined) expect(differences(expected, JSON.parse(output.trim().split('\n').at(-1) ?? ''))).toEqual([]);
});

async function run(language: string, code: string): Promise<{ exitCode: number | null; output: string; faults: string }> {
  const interpreters: Record<string, [string, string[]]> = {
    sh: ['bash', ['-eo', 'pipefail', '-c', code]],
    js: [nodeBin(), ['--input-type=module', '-e', code]],
    python: ['/usr/bin/python3', ['-c', code]],
  };
  const [command, args] = interpreters[language] ?? ['false', []];
  const child = spawn(command, args, { env, cwd: dir });
  let [output, faults] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    faults += text;
  });
  const [exitCode] = await once(child, 'close');
  return { exitCode: exitCode as number | null, output, faults };
}

/** Differences from the shown answer. `…` stands for any text, a number for any number; a list may have more items. */
function differences(shown: unknown, answered: unknown, at = 'answer'): string[] {
  if (typeof shown === 'string') {
    const pattern = new RegExp(`^${shown.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '[^]*')}$`);
    return typeof answered === 'string' && pattern.test(answered) ? [] : [`${at}: ${JSON.stringify(answered)}`];
  }
  if (typeof shown === 'number') return typeof answered === 'number' ? [] : [`${at}: ${JSON.stringify(answered)}`];
  if (typeof shown !== 'object' || shown === null || typeof answered !== 'object' || answered === null) {
    return shown === answered ? [] : [`${at}: ${JSON.stringify(answered)}`];
  }
  return Object.entries(shown).flatMap(([name, value]) =>
    differences(value, (answered as Record<string, unknown>)[name], `${at}.${name}`),
  );
}
