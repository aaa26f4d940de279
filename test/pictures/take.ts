// Takes the pictures of pages.ts: light and dark, desktop and phone.

import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { rootDir } from '../../scripts/stack/paths.mjs';
import { say } from '../../scripts/stack/report.mjs';
import { provideRealParts } from '../../scripts/test/real_parts.mjs';
import { makeHistory } from '../helpers/history.ts';
import type { Instance } from '../helpers/instance.ts';
import { createInstance } from '../helpers/instance.ts';
import { startBrowser } from '../helpers/odoo_browser.ts';
import type { Picture } from './pages.ts';
import { pictures } from './pages.ts';

const folder = join(rootDir, 'docs/images');
const wanted = process.argv.slice(2);
const chosen = pictures.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
if (chosen.length === 0) throw new Error(`No such picture. There are: ${pictures.map(({ name }) => name).join(', ')}.`);
const themes = ['light', 'dark'] as const;

const gateway = await createInstance(
  { ...(await provideRealParts()), sharedOdooUrl: null },
  { env: { GATEWAY_NAME: 'gateway-1' } },
);
const browser = await startBrowser();
const traffic = new AbortController();
let isQuiet = false;
try {
  await makeHistory(gateway.databaseUrl);
  await gateway.startSidecar({ env: { GATEWAY_NAME: 'gateway-2' } });
  // Both run together, so that the first error is reported: if a screenshot fails, the gateway closes, and the calls then fail
  // as well.
  await Promise.all([keepCalling(gateway, traffic.signal), takeAll().finally(() => traffic.abort())]);
} finally {
  await browser.close();
  await gateway.close();
}

async function takeAll(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const picture of chosen) {
    await take(picture, '', { width: 1_280, height: picture.height });
    if (picture.phoneHeight !== undefined) await take(picture, '_phone', { width: 390, height: picture.phoneHeight });
  }
}

async function take(
  { name, path, quiet = false, ready }: Picture,
  suffix: string,
  viewport: { width: number; height: number },
): Promise<void> {
  isQuiet = quiet;
  const { page } = await browser.open(gateway, path, { viewport, reducedMotion: 'reduce' });
  await ready(page, gateway);
  for (const theme of themes) {
    await page.click(`button[aria-label="${theme === 'dark' ? 'Dark' : 'Light'} theme"]`);
    await page.mouse.move(0, 0);
    await delay(1_000);
    const file = join(folder, `${name}${suffix}_${theme}.png`);
    await page.screenshot({ path: file });
    shrink(file);
    say(`${file}: ${Math.round(statSync(file).size / 1_000)} kB`);
  }
  await page.context().close();
}

/** 256 colours are enough for a screen, and take a third of the size. Pillow is installed, because Odoo needs it. */
function shrink(file: string): void {
  const script = `import sys; from PIL import Image
image = Image.open(sys.argv[1]).convert("RGB").quantize(256, dither=Image.Dither.NONE)
image.save(sys.argv[1], optimize=True)`;
  execFileSync('/usr/bin/python3', ['-c', script, file]);
}

/** Some requests each second, like those from outside. */
async function keepCalling({ keys, sidecar }: Instance, signal: AbortSignal): Promise<void> {
  for (let i = 0; !signal.aborted; i += 1) {
    const burst = 6 + Math.round(5 * Math.sin(i / 4) + 3 * Math.random());
    const asked = Array.from({ length: isQuiet ? 0 : Math.max(1, burst) }, () =>
      sidecar.get('/api/v1/res.partner?fields=name,email&limit=20', { key: keys.bench }),
    );
    await Promise.all(asked);
    await delay(400, undefined, { signal }).catch(() => {});
  }
}
