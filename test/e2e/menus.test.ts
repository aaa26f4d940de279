// Every entry of the menu, as a manager and as a user, with no network beyond this machine.

import { describe, expect, test } from 'vitest';
import { missedByTab, violations } from '../helpers/accessibility.ts';
import { useBrowser } from '../helpers/browser.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';

interface Menu {
  id: number;
  name: string;
  children: number[];
  actionID: number | false;
  actionModel: string | false;
  appID: number;
  xmlid: string;
}

const gateway = await useInstance();
const browser = await useBrowser();

async function newUser(login: string, groups: string[]): Promise<void> {
  const ids = await Promise.all(groups.map((group) => groupId(group)));
  await gateway.orm('res.users', 'create', {
    vals_list: [{ name: login, login, password: `${login}-password`, group_ids: [[6, 0, ids]] }],
    context: { no_reset_password: true },
  });
}

async function groupId(xmlid: string): Promise<number> {
  const [module, name] = xmlid.split('.');
  const [row] = await gateway.sql<{ id: number }>('select res_id as id from ir_model_data where module = $1 and name = $2', [
    module,
    name,
  ]);
  return Number(row?.id);
}

await newUser('boss', ['base.group_user', 'base.group_system', 'api_gateway.group_manager']);
await newUser('clerk', ['base.group_user', 'api_gateway.group_manager']);
await newUser('member', ['base.group_user', 'api_gateway.group_user']);

/** The entries below API Gateway that open something, in the order in which they are shown. */
async function entriesOf(login: string): Promise<{ path: string; menu: Menu }[]> {
  const web = await OdooWeb.login(gateway, login, `${login}-password`);
  const menus = await web.menus<Menu>();
  const root = Object.values(menus).find(({ xmlid }) => xmlid === 'api_gateway.menu_root');
  if (root === undefined) throw new Error(`${login} has no API Gateway menu`);
  const walk = (menu: Menu, path: string[]): { path: string; menu: Menu }[] => {
    const here = menu === root ? [] : [...path, menu.name];
    const leads = menu.actionID !== false && menu !== root && menu.children.length === 0;
    return [
      ...(leads ? [{ path: here.join(' / '), menu }] : []),
      ...menu.children.flatMap((id) => walk(menus[id] as Menu, here)),
    ];
  };
  return walk(root, []);
}

const expected = {
  boss: [
    'Dashboard',
    'API Access Keys',
    'Traffic / Traffic Logs',
    'Traffic / Alerts',
    'Traffic / Alert Rules',
    'Traffic / Active Throttles',
    'Traffic / IP Blocks',
    'Traffic / Legacy Clients',
    'Access / API Profiles',
    'Access / OAuth2 Clients',
    'Access / Registered Apps',
    'Access / Connected Apps',
    'Access / Resources',
    'Access / Tokens',
    'Webhooks / Webhooks',
    'Webhooks / Jobs',
    'Webhooks / Attempts',
    'Webhooks / Synced Models',
    'Tools / Connect an Agent',
    'Tools / Speed Test',
    'Tools / API Documentation',
    'Tools / Gateway Status',
    'Tools / Upgrade Check',
    'Configuration / Settings',
  ],
  member: [
    'Dashboard',
    'API Access Keys',
    'Traffic / Traffic Logs',
    'Access / Connected Apps',
    'Tools / Connect an Agent',
    'Tools / Speed Test',
    'Tools / API Documentation',
    'Tools / Gateway Status',
  ],
};

test('the menu is complete and in order, for administrators, managers and users', async () => {
  const names = async (login: string) => (await entriesOf(login)).map(({ path }) => path);
  expect(await names('boss')).toEqual(expected.boss);
  expect(await names('clerk')).toEqual(expected.boss.filter((path) => path !== 'Configuration / Settings'));
  expect(await names('member')).toEqual(expected.member);
});

/** A page of the gateway's own, not one of Odoo's views. */
const ours = '.o_action_manager .o_api_gateway';

describe.each([
  ['boss', 'Light'],
  ['member', 'Dark'],
])('as %s', (login, theme) => {
  test('every entry opens without an error, is accessible, works with a keyboard, and requests nothing from other hosts', {
    timeout: 300_000,
  }, async () => {
    const { page, faults, styleFault } = await browser.open(gateway, '/odoo', { login, password: `${login}-password` });
    const strangers: string[] = [];
    // Only this machine can be reached; each attempt to reach another host is recorded.
    await page.route(
      ({ protocol, hostname }) => !['data:', 'blob:'].includes(protocol) && hostname !== '127.0.0.1',
      (route) => {
        strangers.push(route.request().url());
        return route.abort('internetdisconnected');
      },
    );
    for (const { path, menu } of await entriesOf(login)) {
      const before = faults.length;
      if (menu.actionModel === 'ir.actions.act_url') {
        await page.goto('/api/docs');
        await page.waitForSelector('#reference[aria-busy=false]');
      } else {
        await page.goto(`/odoo/action-${menu.actionID}`);
        await page.waitForSelector('.o_action_manager .o_action .o_content, .o_action_manager .o_view_controller');
        await page.waitForFunction("!document.querySelector('.o_loading_indicator, .o_blockUI')");
        expect(await styleFault(), path).toBe('none');
        if ((await page.locator(ours).count()) > 0) {
          await page.waitForSelector(
            `${ours} .o_api_gateway_dashboard[data-updated], ${ours}:not(:has(.o_api_gateway_dashboard))`,
          );
          await page.click(`button[aria-label="${theme} theme"]`);
          expect(await violations(page, ours), path).toEqual([]);
          expect(await missedByTab(page, ours), path).toEqual([]);
        }
      }
      expect(await page.locator('.o_error_dialog').count(), path).toBe(0);
      expect(faults.slice(before), path).toEqual([]);
    }
    expect(strangers).toEqual([]);
  });
});
