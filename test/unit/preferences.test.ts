import { expect, test } from 'vitest';
import type { RequestContext } from '../../sidecar/src/pipeline/context.ts';
import { takePreferences } from '../../sidecar/src/pipeline/preferences.ts';

test.each([
  ['tx=rollback', 'tx=rollback'],
  ['notify=none, TX = "Rollback"; strictly', 'tx=rollback, notify=none'],
  ['respond-async, wait=10, tx=rollback', 'tx=rollback'],
  ['tx=commit, tx=rollback, notify=none', 'notify=none'],
  ['note="tried, tx=rollback, \\" notify=none"', undefined],
  ['note="a;b", notify=none', 'notify=none'],
  ['notify=none, note="never closed, tx=rollback', 'notify=none'],
  ['', undefined],
])('of the preferences %s, %s is applied', (prefer, applied) => {
  const context = { asked: { url: '/x', headers: { prefer } }, headers: [] as string[] };
  takePreferences(context as unknown as RequestContext);
  expect(context.headers[1]).toBe(applied);
});

test.each(['"\\', '\\"', '"a,', 'a"'])('a header of nothing but %s is read once, however long it is', (part) => {
  // If the time grew with the square of the length, the test would time out.
  const context = { asked: { url: '/x', headers: { prefer: `tx=rollback,"${part.repeat(50_000)}` } }, headers: [] as string[] };
  takePreferences(context as unknown as RequestContext);
  expect(context.headers[1]).toBe('tx=rollback');
});
