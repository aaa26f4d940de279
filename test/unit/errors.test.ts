import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { asGatewayError, catalogue, GatewayError, renderEnvelope, renderProblem } from '../../sidecar/src/errors.ts';

const root = join(import.meta.dirname, '../..');
const reasons = Object.keys(catalogue);

test('docs/errors.md has one section for each reason, with its status', () => {
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
  const sections = [...page.matchAll(/^## (\S+)\n\n\*\*(\d{3})\*\*/gm)].map(([, reason, status]) => [reason, Number(status)]);
  expect(sections).toEqual(Object.entries(catalogue).map(([reason, { status }]) => [reason, status]));
});

test('each reason is thrown somewhere: by the sidecar, or by the executor', () => {
  const source = join(root, 'sidecar/src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const code = files.filter((file) => file !== 'errors.ts').map((file) => readFileSync(join(source, file), 'utf8'));
  const contract = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const used = (reason: string) =>
    code.some((text) => text.includes(`'${reason}'`)) || contract.includes(`\`${reason}\` ${statusOf(reason)}`);
  expect(reasons.filter((reason) => !used(reason))).toEqual([]);
});

function statusOf(reason: string): number {
  return catalogue[reason as keyof typeof catalogue].status;
}

test('temporary errors say when to try again', () => {
  const without = Object.entries(catalogue).flatMap(([reason, kind]) =>
    [409, 429, 502, 503, 504].includes(kind.status) && !('retryAfter' in kind) ? [reason] : [],
  );
  // A used refresh token does not become valid again.
  expect(without).toEqual(['auth.refresh_spent']);
});

test('the envelope names status, reason and request', () => {
  const error = new GatewayError('query.limit', { message: 'limit is wrong', details: { limit: '-1' } });
  expect(renderEnvelope(error, 'r1')).toEqual({
    success: false,
    error: { code: 400, message: 'limit is wrong', reason: 'query.limit', request_id: 'r1', details: { limit: '-1' } },
  });
});

test('a problem document has the form of RFC 9457', () => {
  const error = new GatewayError('query.limit', { message: 'limit is wrong' });
  expect(renderProblem(error, 'r1')).toMatchObject({
    type: 'urn:odoo-api-gateway:error:query.limit',
    title: 'The limit is out of range.',
    status: 400,
    detail: 'limit is wrong',
    instance: 'urn:request:r1',
  });
});

test('an unexpected error reveals nothing', () => {
  const error = asGatewayError(new TypeError('password of database x is y'));
  expect(error).toMatchObject({ reason: 'internal.error', status: 500 });
  expect(JSON.stringify(renderEnvelope(error, 'r1'))).not.toContain('password');
});
