import { expect, test } from 'vitest';
import { conditionOf, parseFilter } from '../../sidecar/src/records/filters.ts';

function condition(parameter: string, text: string, type?: string): unknown {
  const filter = parseFilter(parameter, text);
  return filter && conditionOf(filter, type === undefined ? undefined : { type });
}

test.each([
  ['filter[name]', 'A', 'char', ['name', '=', 'A']],
  ['filter[name][starts]', '50%_', 'char', ['name', '=ilike', '50\\%\\_%']],
  ['filter[name][ilike]', '007', 'char', ['name', 'ilike', '007']],
  ['filter[ref]', '007', 'char', ['ref', '=', '007']],
  ['filter[color][gte]', '7', 'integer', ['color', '>=', 7]],
  ['filter[color][in]', '1, 2', 'integer', ['color', 'in', [1, 2]]],
  ['filter[color][nin]', '', 'integer', ['color', 'not in', []]],
  ['filter[active]', 'false', 'boolean', ['active', '=', false]],
  ['filter[price][lt]', '9.5', 'float', ['price', '<', 9.5]],
  ['filter[partner_id]', '7', 'many2one', ['partner_id', '=', 7]],
  ['filter[partner_id][ilike]', 'azure', 'many2one', ['partner_id', 'ilike', 'azure']],
  ['filter[partner_id.country_id.code]', 'BE', 'char', ['partner_id.country_id.code', '=', 'BE']],
  ['filter[email][null]', 'true', 'char', ['email', '=', false]],
  ['filter[email][null]', 'false', 'char', ['email', '!=', false]],
  ['filter[at][gt]', '2026-11-22T10:00:00+02:00', 'datetime', ['at', '>', '2026-11-22 08:00:00']],
  ['filter[at][gt]', '2026-11-22', 'datetime', ['at', '>', '2026-11-22']],
])('%s=%s on a %s', (parameter, text, type, expected) => {
  expect(condition(parameter, text, type)).toEqual(expected);
});

test.each([
  ['filter[name][resembles]', 'A', 'char'],
  ['filter[name', 'A', 'char'],
  ['filter[a b]', 'A', 'char'],
  ['filter[color]', 'red', 'integer'],
  ['filter[active]', 'yes', 'boolean'],
  ['filter[price]', '', 'float'],
  ['filter[email][null]', 'maybe', 'char'],
  ['filter[name]', 'a\0b', 'char'],
])('%s=%j on a %s is refused, and the parameter named', (parameter, text, type) => {
  expect(() => condition(parameter, text, type)).toThrow(
    expect.objectContaining({ reason: expect.stringMatching(/^query\.filter$|^body\.value$/), details: expect.anything() }),
  );
});

test('other parameters are not filters', () => {
  expect(parseFilter('limit', '5')).toBeUndefined();
});
