import { expect, test } from 'vitest';
import { countTests } from '../../scripts/test/addon.mjs';

const line = (text: string) => `2026-11-22 03:00:00,000 42 INFO demo odoo.tests.result: ${text}\n`;

test("Odoo's closing line is counted", () => {
  const log = `${line("0 failed, 0 error(s) of 12 tests when loading database 'demo'")}`;
  expect(countTests(0, log)).toEqual({ passed: 12, failed: 0, skipped: 0, problems: [] });
});

test('failures and errors are counted and shown with their tracebacks', () => {
  const fault = '2026-11-22 03:00:00,000 42 ERROR demo odoo.addons.api_gateway.tests.test_x: FAIL: TestX.test_y\nTraceback …\n';
  const counted = countTests(1, fault + line("1 failed, 1 error(s) of 12 tests when loading database 'demo'"));
  expect(counted).toMatchObject({ passed: 10, failed: 2 });
  expect(counted.problems.join()).toContain('Traceback');
});

test('a skipped test is neither passed nor failed', () => {
  const skip = '2026-11-22 03:00:00,000 42 INFO demo odoo.addons.api_gateway.tests.test_x: skipped TestX.test_y : no browser\n';
  expect(countTests(0, skip + line("0 failed, 0 error(s) of 3 tests when loading database 'demo'"))).toMatchObject({
    passed: 2,
    skipped: 1,
  });
});

test('a run in which Odoo ends before its closing line counts as failed', () => {
  expect(countTests(1, 'Traceback …')).toMatchObject({ passed: 0, failed: 1 });
});
