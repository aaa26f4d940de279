// The browser of a test file.
//
// const browser = await useBrowser(); // at the top of the file; it is closed after the last test
//   const page = await browser.open(gateway, '/odoo/gateway');          // logged in as admin; closes with its test
//   …
//   expect(page.faults).toEqual([]);                                    // errors of the console and the style sheets

import { afterAll, expect, onTestFinished } from 'vitest';
import type { OdooBrowser } from './odoo_browser.ts';
import { startBrowser } from './odoo_browser.ts';

export type { OdooBrowser, OdooPage } from './odoo_browser.ts';

/** A page closes at the end of the test that opened it; a page opened outside a test closes after the file's last test. */
export async function useBrowser(): Promise<OdooBrowser> {
  const browser = await startBrowser((close) => {
    // A page that is left open would continue polling and drawing during the following tests.
    if (expect.getState().currentTestName !== undefined) onTestFinished(close);
  });
  afterAll(() => browser.close());
  return browser;
}
