// A person with a browser, in which programs open Odoo's consent page. The person allows only reading the first time, if the
// app asks for that, and everything when asked again.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { consentPage, decide } from './consent.ts';
import type { OdooWeb } from './odoo_web.ts';
import { until } from './wait.ts';

export interface Person {
  /** The environment for programs: which browser to open, and how that browser reaches the person. */
  readonly env: Record<string, string>;
  /** How often each app, by its `client_id`, has asked. */
  readonly asked: ReadonlyMap<string, number>;
  /** Errors outside the programs. */
  readonly faults: readonly string[];
  readonly close: () => void;
}

/** @param web the person's session in Odoo at `odooUrl` */
export async function startPerson(web: OdooWeb, odooUrl: string): Promise<Person> {
  const asked = new Map<string, number>();
  const faults: string[] = [];

  async function visit(address: string): Promise<void> {
    const clientId = new URL(address).searchParams.get('client_id') ?? '';
    const times = (asked.get(clientId) ?? 0) + 1;
    asked.set(clientId, times);
    const page = consentPage(await fetch(address, { redirect: 'manual' }), odooUrl);
    const asksToRead = new URL(address).searchParams.get('scope')?.split(' ').includes('read');
    const decided = await decide(web, page, times === 1 && asksToRead ? { scope: ['read'] } : {});
    const back = decided.headers.get('location') ?? '';
    // Some programs start listening for the answer only after they have opened the browser.
    await until(`${back} answers`, () => fetch(back).then(Boolean, () => false));
  }

  const server = createServer(async (incoming, answer) => {
    const address = await text(incoming);
    visit(address).catch((error) => faults.push(`${address}: ${error}`));
    answer.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const browser = join(import.meta.dirname, '../../scripts/test/mcp_tools/browser.mjs');
  return {
    env: { BROWSER: browser, PERSON: `http://127.0.0.1:${port}`, DISPLAY: '' },
    asked,
    faults,
    close: () => server.close(),
  };
}
