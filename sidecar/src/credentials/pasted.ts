// Detects characters that people paste along with a key. Such a key is refused like any wrong one, and the log says what to
// remove.

import { CredentialRefused } from './refused.ts';

/** @param why the reason for the log if no extra characters were pasted */
export function refusedAsPasted(secret: string, why: string): CredentialRefused {
  const along = pastedAlong(utf8(secret));
  return new CredentialRefused(along === undefined ? why : `the key was pasted with ${along}`);
}

const lineEnd = /[\r\n]|\\[rn]|%0[ad]/i;

/** What is wrong with a pasted key; undefined if it has the format of a key without extra characters. */
export function pastedAlong(text: string): string | undefined {
  const word = /^[\s"']*(bearer|basic|token|api[-_ ]?key|x-api-key|authorization)\b[\s:=]*/i.exec(text)?.[1];
  if (word !== undefined) return `"${word}" in front of it`;
  if (lineEnd.test(text)) return 'the end of its line';
  if (/^\s*["'`“”„‘’«»<]|["'`“”‘’«»>]\s*$/.test(text)) return 'quotation marks around it';
  if (/^\s*\S+\s*$/.test(text) && /^\s|\s$|\u200b|\ufeff/.test(text)) return 'blanks around it';
  return /\s/.test(text) ? 'blanks in it' : undefined;
}

/** Node reads headers as Latin-1, byte by byte. */
function utf8(text: string): string {
  return /[\x80-\xff]/.test(text) && !/[^\0-\xff]/.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;
}
