// Finds what makes a page hard to use without sight or without a mouse. `within` selects the gateway's part of the page, without
// the bars of Odoo around it.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** axe-core's serious and critical violations: `rule: element`. */
export async function violations(page: Page, within: string): Promise<string[]> {
  if ((await page.evaluate<string>('typeof window.axe')) === 'undefined') await page.evaluate(axe);
  return page.evaluate<string[]>(`
    axe.run(${JSON.stringify(within)}, { resultTypes: ['violations'] }).then(({ violations }) =>
      violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 200))))`);
}

const control = 'button, a[href], input, select, textarea, summary, [tabindex]';

/** The controls that pressing Tab repeatedly does not reach, starting at the first control. */
export async function missedByTab(page: Page, within: string): Promise<string[]> {
  const count = await page.evaluate<number>(`
    window.controls = [...document.querySelectorAll('${within} :is(${control})')].filter(
      (element) => element.tabIndex >= 0 && !element.disabled && element.checkVisibility({ visibilityProperty: true }));
    window.reached = new Set();
    document.addEventListener('focusin', ({ target }) => window.reached.add(target));
    window.controls[0]?.focus();
    window.controls.length`);
  // A few more presses than controls, because Tab also stops at areas that scroll.
  for (let presses = 0; presses < count + 20; presses += 1) await page.keyboard.press('Tab');
  return page.evaluate<string[]>(`window.controls
    .filter((element) => element.isConnected && !window.reached.has(element))
    .filter(({ type, checked }) => type !== 'radio' || checked)
    .map((element) => element.outerHTML.slice(0, 200))`);
}
