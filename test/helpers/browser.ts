// The browser of a test file.
//
//   const browser = await useBrowser();                                 // at the top of the file; it goes away after the last test
//   const page = await browser.open(gateway, '/odoo/gateway');          // logged in as admin
//   …
//   expect(page.faults).toEqual([]);                                    // what the console and the style sheets complained of

import { afterAll } from 'vitest';
import type { OdooBrowser } from './odoo_browser.ts';
import { startBrowser } from './odoo_browser.ts';

export type { OdooBrowser, OdooPage } from './odoo_browser.ts';

export async function useBrowser(): Promise<OdooBrowser> {
  const browser = await startBrowser();
  afterAll(() => browser.close());
  return browser;
}
