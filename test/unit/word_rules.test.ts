import { expect, test } from 'vitest';
import { checkWords } from '../../scripts/test/words.mjs';

/** Faults in a string. A tilde keeps the words of this file from being faults themselves. */
const faultsOf = (text: string, path = 'docs/page.md') => checkWords(path, text.replaceAll('~', ''));

test.each([
  ['reads it a~new', 'again'],
  ['M~end it, then try again', 'fix, repair'],
  ['the tokens of be~fore', 'earlier, existing'],
  ['a name that nobody kn~ows', 'is not known, cannot be found'],
  ['leaves out what is no~ne', 'is not one'],
  ['the others are no~ne', 'is not one'],
  ['who~ever asks first', 'anyone who, the one that'],
  ['a 304 for wh~o sends its ETag', 'for those who, for a caller that'],
  ['callers are to~ld why', 'gets, sees, is notified'],
  ['what the log says o~f it', 'says about'],
  ['a limit is said s~o', 'is reported'],
  ['runs with Node al~one', 'only'],
  ['Al~one, it may hold all', 'only'],
  ['if some~body else has it', 'someone else, all others'],
  ['every sidecar hea~rs of a change', 'gets, notices'],
  ['ping says wh~ose it is', 'its user, its owner, the next one'],
  ['the model when noth~ing is said', 'by default'],
  ['says what be~came of a write', 'the outcome, the result'],
  ['refuses what is n~o id', 'a value that is not'],
  ['a ticket is go~od once', 'is valid for, works once'],
  ['in the mid~st of a run', 'in the middle'],
  ["a method of the ORM~'s, and its arguments", 'of Odoo, of the ORM'],
  ['a new~comer finds a slot', 'a new caller'],
  ['rub~bish is refused', 'garbage'],
  ['may share the address with a gues~ser', 'an attacker'],
  ['while Postgres is a~way', 'is down, is unavailable'],
  ['a string in the pl~ace of a date', 'instead of'],
  ['names with com~mas between them', 'comma-separated'],
  ['a rollback makes n~o job', 'causes no, cannot create'],
  ['a sidecar of this ve~ry database', 'this, the same'],
])('%s: write %s', (text, better) => {
  expect(faultsOf(text)).toEqual([expect.stringMatching(new RegExp(`^docs/page\\.md:1: ".+": write ${better}$`))]);
});

test.each([
  'We recommend it, amended and renewed.',
  'the day of the change, before noon',
  'none of them, or which one is not known; null when there is none, if value is None',
  'two that cannot be told apart, unless told otherwise; the field that says of which model it is; for who in callers:',
  'An endpoint is left alone, leave it alone, it is alone, the write travels alone, as if it came alone.',
  'const undisturbed_alone_ms = 1;',
  "one of Odoo's methods; a key that is as good as another; the person whose key it uses",
])('%s: no fault', (text) => {
  expect(faultsOf(text)).toEqual([]);
});

test('the names of Python tests are read as sentences', () => {
  const [fault] = faultsOf('class TestKeys:\n    def test_a_key_is_to~ld(self):\n', 'odoo_addon/tests/test_keys.py');
  expect(fault).toMatch(/^odoo_addon\/tests\/test_keys\.py:2: "to.d": write gets, sees, is notified$/);
});

test('a phrase may span two lines of a comment', () => {
  expect(faultsOf('// a name that nobody\n  // kno~ws\n')).toHaveLength(1);
  expect(faultsOf('# it travels\n# al~one\n')).toEqual([]);
});

test('faults name their file and line, and come in the order of the lines', () => {
  expect(faultsOf('fine\nm~ended a~new\n\na~new\n', 'web_src/page.ts')).toEqual(
    [
      'web_src/page.ts:2: "m~ended": write fix, repair',
      'web_src/page.ts:2: "a~new": write again',
      'web_src/page.ts:4: "a~new": write again',
    ].map((fault) => fault.replaceAll('~', '')),
  );
});

test('history, SQL and translations are exempt', () => {
  for (const path of ['CHANGELOG.md', 'odoo_addon/api_gateway/sql/notes.md', 'odoo_addon/api_gateway/i18n/notes.md', 'a.svg'])
    expect(faultsOf('a~new', path)).toEqual([]);
});
