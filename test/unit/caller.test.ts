import { expect, test } from 'vitest';
import { callContext } from '../../sidecar/src/executor/caller.ts';

test.each([
  ['fr-CA, en;q=0.5', ['fr-CA', 'en']],
  ['en;q=0.5,fr_FR', ['fr_FR', 'en']],
  ['sr@latin, fr_FR.UTF-8;Q=0.9, zh-Hant-TW;q=0.8', ['sr@latin', 'fr_FR.UTF-8', 'zh-Hant-TW']],
  ['fr;q=0, *, de;q=1.000', ['de']],
  ['fr;q=2, é, fr--FR;x=1, , ;q=1', undefined],
])('the languages that a browser prefers, the best first: %s', (header, languages) => {
  expect(callContext({ 'accept-language': header })['languages']).toEqual(languages);
});

test('a language that the caller has chosen takes precedence over those of its browser', () => {
  const accept = { 'accept-language': 'de' };
  expect(callContext({ ...accept, 'content-language': 'fr-FR' })).toEqual({ lang: 'fr-FR' });
  expect(callContext({ ...accept, 'content-language': 'fr', 'x-odoo-language': ' fr_BE ' })).toEqual({ lang: 'fr_BE' });
});

test.each(['', 'fr, en', 'fr;q=1', 'é', '*', 'a'.repeat(41)])('Content-Language must name one language, not %j', (language) => {
  expect(() => callContext({ 'content-language': language })).toThrow('Content-Language must name one language');
});
