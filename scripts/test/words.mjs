// Finds words that make a native speaker stumble, in everything that people read: docs, labels, messages, comments, test names.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootDir } from '../stack/paths.mjs';

// Between two words, a line may end, and the next one may begin with the characters of a comment.
const gap = String.raw`[\s/#*]+`;
// In "leave it alone" and "it travels alone", the word means "by itself". Everywhere else, it is used for "only".
const byItself = `(?:be|been|is|are|was|were|if|(?:leave|leaves|leaving|left|let)(?:${gap}\\w+)?|acts?|comes?|came|goes|went|runs?|ran|stands?|stood|travels?|works?)`;

/** @type {{pattern: RegExp, better: string}[]} */
const stumbles = [
  { pattern: /\banew\b/gi, better: 'again' },
  { pattern: /\bmend(?:s|ed|ing)?\b/gi, better: 'fix, repair' },
  { pattern: new RegExp(`\\bof${gap}before\\b`, 'gi'), better: 'earlier, existing' },
  { pattern: new RegExp(`\\bnobody${gap}knows\\b`, 'gi'), better: 'is not known, cannot be found' },
  // "There may be none" is fine, and Python has None.
  { pattern: new RegExp(`(?<!\\bthere${gap})\\b(?:is|are|was|were)${gap}none\\b`, 'g'), better: 'is not one' },
  { pattern: /\bwhom?ever\b/gi, better: 'anyone who, the one that' },
  {
    pattern: new RegExp(`\\b(?:for|to|of|from|than)${gap}who\\b(?!${gap}in\\b)`, 'gi'),
    better: 'for those who, for a caller that',
  },
  // "Told apart" and "unless told otherwise" are idioms.
  { pattern: new RegExp(`\\btold\\b(?!${gap}(?:apart|otherwise)\\b)`, 'gi'), better: 'gets, sees, is notified' },
  { pattern: new RegExp(`\\b(?:says?|said|tells?)${gap}of\\b(?!${gap}which\\b)`, 'gi'), better: 'says about' },
  { pattern: new RegExp(`\\bis${gap}said${gap}so\\b`, 'gi'), better: 'is reported' },
  { pattern: new RegExp(`(?<!\\b${byItself}${gap})\\balone\\b`, 'gi'), better: 'only' },
  { pattern: new RegExp(`\\b(?:some|any|every)body${gap}else\\b`, 'gi'), better: 'someone else, all others' },
  { pattern: new RegExp(`\\bhears?${gap}of\\b`, 'gi'), better: 'gets, notices' },
  { pattern: new RegExp(`\\bwhose${gap}(?:it|they|turn)${gap}(?:is|are)\\b`, 'gi'), better: 'its user, its owner, the next one' },
  { pattern: new RegExp(`\\bwhen${gap}nothing${gap}is${gap}said\\b|\\bnothing${gap}said\\b`, 'gi'), better: 'by default' },
  { pattern: new RegExp(`\\bwhat${gap}(?:becomes|became)${gap}of\\b`, 'gi'), better: 'the outcome, the result' },
  { pattern: new RegExp(`\\bwhat${gap}(?:is|was|are|were)${gap}no${gap}\\b`, 'gi'), better: 'a value that is not' },
  { pattern: /\bmidst\b/gi, better: 'in the middle' },
  // "Valid for 5 minutes"; a key of a table may be good for a purpose.
  { pattern: new RegExp(`\\b(?:is|are)${gap}good${gap}(?:for|once)\\b`, 'gi'), better: 'is valid for, works once' },
  { pattern: /\bnewcomers?\b/gi, better: 'a new caller' },
  { pattern: /\brubbish\b/gi, better: 'garbage' },
  { pattern: /\bguessers?\b/gi, better: 'an attacker' },
  {
    pattern: new RegExp(`\\b(?:Postgres|Odoo|sidecar)${gap}(?:is|was|goes|went)${gap}away\\b`, 'gi'),
    better: 'is down, is unavailable',
  },
  { pattern: new RegExp(`\\bin${gap}the${gap}place${gap}of\\b`, 'gi'), better: 'instead of' },
  { pattern: new RegExp(`\\bwith${gap}commas${gap}between\\b`, 'gi'), better: 'comma-separated' },
  {
    pattern: new RegExp(`\\bmakes?${gap}no${gap}(?:events?|jobs?|keys?|requests?|users?)\\b`, 'gi'),
    better: 'causes no, cannot create',
  },
  { pattern: new RegExp(`\\b(?:this|its|that)${gap}very\\b`, 'gi'), better: 'this, the same' },
  {
    pattern: new RegExp(
      `(?<!\\b(?:[Tt]here|[Ww]hat)${gap})\\bis${gap}no${gap}(?!(?:longer|more|less|fewer|later|earlier)\\b)`,
      'g',
    ),
    better: 'is not a',
  },
  // "A text field" is a kind of field.
  { pattern: new RegExp(`\\ba${gap}text\\b(?!${gap}(?:box|column|editor|field|file|value))`, 'gi'), better: 'a string' },
  { pattern: new RegExp(`\\bin${gap}turns\\b`, 'gi'), better: 'in turn, one after the other' },
  { pattern: new RegExp(`\\b(?:after|for|in|of)${gap}so${gap}many\\b`, 'gi'), better: 'of this many' },
  // "A method of Odoo", not "of Odoo's"; "of Odoo's methods" is right.
  {
    pattern: new RegExp(
      `\\bof${gap}(?:Odoo|Postgres|the${gap}(?:ORM|gateway|addon|sidecar))'s(?=[.,:;)]|${gap}(?:that|which|is|are|has|would)\\b)`,
      'g',
    ),
    better: 'of Odoo, of the ORM',
  },
];

const read = /\.(?:md|ts|mjs|py|xml)$/;
// History stays as it was written; applied SQL never changes; translations have words of their own.
const exempt = /^CHANGELOG\.md$|(?:^|\/)(?:sql|i18n)\//;

/** @param {string} path of a file @param {string} text its content @returns {string[]} faults */
export function checkWords(path, text) {
  if (!read.test(path) || exempt.test(path)) return [];
  // The name of a Python test is a sentence, too: `test_a_key_is_refused`.
  const sentences = path.endsWith('.py') ? text.replace(/\bdef test_\w+/g, (name) => name.replaceAll('_', ' ')) : text;
  return stumbles
    .flatMap(({ pattern, better }) => [...sentences.matchAll(pattern)].map(({ 0: found, index }) => ({ found, index, better })))
    .sort((a, b) => a.index - b.index)
    .map(({ found, index, better }) => {
      const line = text.slice(0, index).split('\n').length;
      return `${path}:${line}: "${found.replace(new RegExp(gap, 'g'), ' ')}": write ${better}`;
    });
}

/** All files that git tracks. @param {string} [root] @returns {{files: number, faults: string[]}} */
export function checkAllWords(root = rootDir) {
  const paths = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0');
  const files = paths.filter((path) => read.test(path) && existsSync(join(root, path)));
  return { files: files.length, faults: files.flatMap((path) => checkWords(path, readFileSync(join(root, path), 'utf8'))) };
}
