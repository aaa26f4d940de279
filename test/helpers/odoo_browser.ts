// A Chromium that opens Odoo's web client. Test files call useBrowser() (browser.ts); benches, soaks and pictures
// startBrowser() and close it themselves.

import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import type { Instance } from './instance.ts';

const executablePath = process.env.CHROMIUM_BIN || '/usr/bin/chromium';
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
const offline = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Debian's Odoo ships without this file, so each page's console has an error about it. */
const knownNoise = /selfie_segmentation/;

type Session = Awaited<ReturnType<BrowserContext['storageState']>>;

export interface OpenOptions extends BrowserContextOptions {
  login?: string;
  password?: string;
  /** The page outlives the test that opened it. */
  stays?: boolean;
}

export interface OdooPage {
  page: Page;
  /** Errors of the console and of scripts, in order. */
  faults: string[];
  /** The text of an element, trimmed. */
  text: (selector: string) => Promise<string>;
  /** Odoo's marker that a bundle's style sheet could not be compiled; 'none' if it could. */
  styleFault: () => Promise<string>;
}

export class OdooBrowser {
  readonly #browser: Browser;
  readonly #onOpen: (close: () => Promise<void>) => void;
  readonly #sessions = new Map<string, Promise<Session>>();

  /** @param onOpen receives each opened page, and the function that closes it */
  constructor(browser: Browser, onOpen: (close: () => Promise<void>) => void = () => {}) {
    this.#browser = browser;
    this.#onOpen = onOpen;
  }

  /** Opens a path of Odoo's web client, logged in. */
  async open(
    gateway: Instance,
    path: string,
    { login = 'admin', password = 'admin', stays = false, ...context }: OpenOptions = {},
  ): Promise<OdooPage> {
    const storageState = await this.#session(gateway, login, password);
    const opened = await this.#browser.newContext({ baseURL: gateway.odoo.url, storageState, ...context });
    if (!stays) this.#onOpen(() => opened.close());
    const page = await opened.newPage();
    const faults: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' && !knownNoise.test(message.text())) faults.push(message.text());
    });
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(path);
    await page.waitForSelector('.o_web_client .o_main_navbar');
    return {
      page,
      faults,
      text: async (selector) => ((await page.textContent(selector)) ?? '').trim(),
      styleFault: () => page.evaluate<string>("getComputedStyle(document.body, '::before').content"),
    };
  }

  /** The cookies of a login, obtained once by filling in the form. */
  #session(gateway: Instance, login: string, password: string): Promise<Session> {
    const key = `${gateway.database} ${login}`;
    const session = this.#sessions.get(key) ?? this.#logIn(gateway, login, password);
    this.#sessions.set(key, session);
    return session;
  }

  async #logIn(gateway: Instance, login: string, password: string): Promise<Session> {
    const context = await this.#browser.newContext({ baseURL: gateway.odoo.url });
    const page = await context.newPage();
    await page.goto(`/web/login?db=${gateway.database}`);
    await page.fill('#login', login);
    await page.fill('#password', password);
    await page.click('.oe_login_buttons button[type=submit]');
    await page.waitForURL((url) => url.pathname.startsWith('/odoo'), { waitUntil: 'commit' });
    const session = await context.storageState();
    await context.close();
    return session;
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}

/** A browser that the caller closes. */
export async function startBrowser(onOpen?: (close: () => Promise<void>) => void): Promise<OdooBrowser> {
  return new OdooBrowser(await chromium.launch({ executablePath, args: [...args, ...offline] }), onOpen);
}
