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
  ['filter[name][like]', '50%', 'char', ['name', 'like', '50\\%']],
  ['filter[name][ilike]', 'a_b', 'char', ['name', 'ilike', 'a\\_b']],
  ['filter[name][nlike]', 'c:\\d', 'char', ['name', 'not like', 'c:\\\\d']],
  ['filter[partner_id][nilike]', '%', 'many2one', ['partner_id', 'not ilike', '\\%']],
  ['filter[name][pattern]', 'A_c%', 'char', ['name', '=like', 'A_c%']],
  ['filter[name][ipattern]', '%\\_', 'char', ['name', '=ilike', '%\\_']],
  ['filter[ref]', '007', 'char', ['ref', '=', '007']],
  ['filter[color][gte]', '7', 'integer', ['color', '>=', 7]],
  ['filter[color][in]', '1, 2', 'integer', ['color', 'in', [1, 2]]],
  ['filter[color][nin]', '', 'integer', ['color', 'not in', []]],
  [
    'filter[name][in]',
    '"Doe, John", Mary ,"say ""hi""", 5" pipe',
    'char',
    ['name', 'in', ['Doe, John', 'Mary', 'say "hi"', '5" pipe']],
  ],
  ['filter[name][in]', '" a ",,""', 'char', ['name', 'in', [' a ', '', '']]],
  ['filter[name][nin]', '"a,b"', 'char', ['name', 'not in', ['a,b']]],
  ['filter[id][in][]', '1,2', 'integer', ['id', 'in', [1, 2]]],
  ['filter[id][in][0]', '1', 'integer', ['id', 'in', [1]]],
  ['filter[name]', '"Doe, John"', 'char', ['name', '=', '"Doe, John"']],
  ['filter[active]', 'false', 'boolean', ['active', '=', false]],
  ['filter[price][lt]', '9.5', 'float', ['price', '<', 9.5]],
  ['filter[partner_id]', '7', 'many2one', ['partner_id', '=', 7]],
  ['filter[partner_id][ilike]', 'azure', 'many2one', ['partner_id', 'ilike', 'azure']],
  ['filter[partner_id.country_id.code]', 'BE', 'char', ['partner_id.country_id.code', '=', 'BE']],
  ['filter[email][null]', 'true', 'char', ['email', '=', false]],
  ['filter[email][null]', 'false', 'char', ['email', '!=', false]],
  ['filter[at][gt]', '2026-11-22T10:00:00+02:00', 'datetime', ['at', '>', '2026-11-22 08:00:00']],
  ['filter[at][gt]', '2026-11-22', 'datetime', ['at', '>', '2026-11-22']],
  ['filter[at][gt]', '2026-11-22T10:00:00 02:00', 'datetime', ['at', '>', '2026-11-22 08:00:00']],
  ['filter[at][gt]', '2026-11-22 10:00 0200', 'datetime', ['at', '>', '2026-11-22 08:00:00']],
  [
    'filter[at][in]',
    '2026-11-22T10:00:00.5 02:00,2026-11-22T10:00Z',
    'datetime',
    ['at', 'in', ['2026-11-22 08:00:00', '2026-11-22 10:00:00']],
  ],
])('%s=%s on a %s is parsed', (parameter, text, type, expected) => {
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
  ['filter[name][in]', '"Doe, John', 'char'],
  ['filter[name][in]', 'a, "Doe', 'char'],
  ['filter[name][in]', '"a"b,c', 'char'],
  ['filter[name][in]', `"${'""'.repeat(4_000)}`, 'char'],
  ['filter[id][]', '1', 'integer'],
  ['filter[name][ilike][0]', '1', 'char'],
  ['filter[at]', '2026-11-22 02:00 02:00 x', 'datetime'],
])('%s=%j on a %s is refused, with the name of the parameter', (parameter, text, type) => {
  expect(() => condition(parameter, text, type)).toThrow(
    expect.objectContaining({ reason: expect.stringMatching(/^query\.filter$|^body\.value$/), details: expect.anything() }),
  );
});

test('other parameters are not filters', () => {
  expect(parseFilter('limit', '5')).toBeUndefined();
});
