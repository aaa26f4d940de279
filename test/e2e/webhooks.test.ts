import { afterAll, expect, test } from 'vitest';
import { useBrowser } from '../helpers/browser.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { startReceiver } from '../helpers/webhook_receiver.ts';

const gateway = await useInstance();
const browser = await useBrowser();
const receiver = await startReceiver();
afterAll(() => receiver.close());

test('a manager creates a webhook, tries it, and finds the event that was sent', async () => {
  await gateway.sql(`update gateway.setting set value = '["127.0.0.0/8"]' where name = 'webhook.egress_allow'`);
  receiver.answer = () => ({ status: 202, body: 'thank you' });
  const { page, faults, text } = await browser.open(gateway, '/odoo/webhooks');
  await page.waitForSelector('text=Notify another system when records change');
  await page.click('.o_list_button_add');
  await page.fill('[name=name] input, [name=name] textarea', 'Customers to the shop');
  await page.fill('[name=url] input', receiver.url);
  await page.fill('[name=model_id] input', 'Contact');
  await page.click('.o-autocomplete--dropdown-item:has-text("Contact") >> nth=0');
  await page.click('.o_notebook .nav-link:has-text("Headers")');
  await page.click('[name=header_ids] .o_field_x2many_list_row_add a');
  await page.fill('[name=header_ids] [name=name] input', 'X-Key');
  await page.fill('[name=header_ids] [name=value] input', 's3cret');
  await page.click('.o_form_button_save');
  await page.waitForSelector('button[name=action_send_test]');
  await page.click('button[name=action_send_test]');

  const dialog = '.modal .o_form_view';
  await page.waitForSelector(`${dialog} [name=status]:has-text("202")`, { timeout: 20_000 });
  expect(await text(`${dialog} [name=attempt_ids]`)).toContain('thank you');
  const [arrival] = receiver.arrived;
  expect(arrival?.event.type).toBe('res.partner.test');
  expect(arrival?.headers['x-key']).toBe('s3cret');
  await page.click('.modal .btn-close');

  await page.reload();
  await page.waitForSelector('button[name=action_show_secret]');
  await page.click('.o_notebook .nav-link:has-text("Headers")');
  expect(await text('[name=header_ids] .o_data_row')).toBe('X-Key••••••••');
  await page.click('button[name=action_show_secret]');
  await page.waitForSelector('.modal :text("whsec_")');
  expect(faults).toEqual([]);
});
