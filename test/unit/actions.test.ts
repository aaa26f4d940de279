import { expect, test } from 'vitest';
import { actionOf } from '../../sidecar/src/records/actions.ts';

test.each([
  ['an object that is not an action', { type: 'contact' }, undefined],
  ['a value that is not an object', true, undefined],
  [
    'a wizard that has to be created',
    { type: 'ir.actions.act_window', res_model: 'sale.advance.payment.inv', target: 'new' },
    {
      model: 'sale.advance.payment.inv',
      next: [expect.stringContaining('POST /api/v1/sale.advance.payment.inv '), expect.any(String)],
    },
  ],
  [
    'a wizard that was created',
    { type: 'ir.actions.act_window', res_model: 'sale.order.cancel', res_id: 7, target: 'new' },
    { id: 7, next: [expect.stringContaining('/sale.order.cancel/7/<method>')] },
  ],
  [
    'a record that Odoo would show',
    { type: 'ir.actions.act_window', res_model: 'account.move', res_id: 3, target: 'current' },
    { model: 'account.move', id: 3, message: 'Odoo would now show account.move 3.' },
  ],
  ['a report', { type: 'ir.actions.report', report_name: 'sale.report' }, { message: expect.stringContaining('print') }],
  [
    'an action that closes a window',
    { type: 'ir.actions.act_window_close' },
    { message: expect.stringContaining('nothing to do') },
  ],
])('the result of a method is explained if it is an action: %s', (_, result, expected) => {
  const action = actionOf(result);
  if (expected === undefined) expect(action).toBeUndefined();
  else expect(action).toMatchObject(expected);
});
