// The addresses in answers: an administrator's setting, or the host in the request; never a forged one from another request, and
// never an invalid one.

import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { HttpClient } from '../helpers/http_client.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const proxied = await gateway.startSidecar({ env: { GATEWAY_TRUSTED_PROXIES: '127.0.0.1' } });
const openapi = '/api/openapi.json';
const metadata = '/.well-known/oauth-authorization-server';

interface Seen {
  address: string;
  cache: string | undefined;
  vary: string | undefined;
  text: string;
}

/** The URL in an answer. `fetch` is not used, because it would set the `Host` itself. */
function ask(url: string, path: string, headers: Record<string, string>): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, url), { headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => {
        const body = JSON.parse(text);
        const address = path === metadata ? body.issuer : body.servers[0].url;
        resolve({ address, cache: answer.headers['cache-control'], vary: answer.headers.vary, text });
      });
    });
    sent.on('error', reject).end();
  });
}

async function configure(url: unknown): Promise<void> {
  await gateway.sql("update gateway.setting set value = $1 where name = 'sidecar.url'", [JSON.stringify(url)]);
  // Changes arrive in order, so when this one has arrived, the earlier ones have, too.
  const seen = Math.floor(Math.random() * 900) + 100;
  await gateway.sql("update gateway.setting set value = $1 where name = 'limit.max'", [String(seen)]);
  for (const sidecar of [gateway, proxied]) {
    await until('the settings have arrived', async () => {
      const { json } = await sidecar.get('/api/v1/res.partner?limit=9999', { key: gateway.keys.admin });
      return json.error.details.max === seen;
    });
  }
}

describe.each([openapi, metadata])('the gateway address in %s', (path) => {
  test('is the one in the settings, whatever the Host or forwarding headers are', async () => {
    const key = { Authorization: `Bearer ${gateway.keys.admin}` };
    for (const [set, expected] of [
      ['https://api.example.com', 'https://api.example.com'],
      ['https://example.com:8443/gateway/', 'https://example.com:8443/gateway'],
    ]) {
      await configure(set);
      for (const sidecar of [gateway, proxied]) {
        for (const headers of [
          { Host: 'evil.example' },
          { Host: 'api.example.com@evil.example' },
          { Host: 'api.example.com', 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'http' },
          { Host: 'evil.example', ...key },
        ]) {
          const answer = await ask(sidecar.url, path, headers);
          expect([headers, answer.address]).toEqual([headers, expected]);
          expect(answer.text).not.toContain('evil.example');
        }
      }
    }
    await configure('');
  });

  test('comes from a valid Host, in an answer that caches do not give to other callers', async () => {
    for (const [host, expected] of [
      ['gateway.test:8443', 'http://gateway.test:8443'],
      ['GATEWAY.test:80', 'http://gateway.test'],
      ['[::1]:8080', 'http://[::1]:8080'],
      ['user@evil.example', 'http://localhost'],
      ['evil.example/path', 'http://localhost'],
      ['evil.example?x', 'http://localhost'],
      ['evil.example#x', 'http://localhost'],
      ['evil.example\\x', 'http://localhost'],
      ['evil.example:99999', 'http://localhost'],
      ['evil.example:', 'http://localhost'],
      ['"><script>', 'http://localhost'],
      ['%65vil.example', 'http://localhost'],
      ['a b', 'http://localhost'],
    ]) {
      const answer = await ask(gateway.url, path, { Host: host ?? '' });
      expect([host, answer.address]).toEqual([host, expected]);
      expect(answer.cache).toMatch(/no-store|private, no-cache/);
      expect(answer.vary).toMatch(/\bHost\b/);
    }
  });

  test('comes from forwarding headers only behind a trusted proxy', async () => {
    const headers = { Host: 'inner', 'X-Forwarded-Host': 'outer.test', 'X-Forwarded-Proto': 'https' };
    expect((await ask(gateway.url, path, headers)).address).toBe('http://inner');
    expect((await ask(proxied.url, path, headers)).address).toBe('https://outer.test');
    expect((await ask(proxied.url, path, { ...headers, 'X-Forwarded-Host': 'x@evil.example' })).address).toBe(
      'https://localhost',
    );
  });

  test('includes the path prefix that a trusted proxy has removed', async () => {
    const headers = { Host: 'outer.test', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Prefix': '/odoo/' };
    expect((await ask(gateway.url, path, headers)).address).toBe('http://outer.test');
    const answer = await ask(proxied.url, path, headers);
    expect([answer.address, answer.text.includes('https://outer.test/odoo/api')]).toEqual(['https://outer.test/odoo', true]);
    expect(answer.vary).toMatch(/\bX-Forwarded-Prefix\b/);
  });

  test('is never taken from an invalid setting', async () => {
    for (const bad of ['javascript:alert(1)', 'https://user:pass@example.com', 'https://example.com/?x', 'example.com', 7]) {
      await configure(bad);
      expect([bad, (await ask(gateway.url, path, { Host: 'gateway.test' })).address]).toEqual([bad, 'http://gateway.test']);
    }
    await configure('');
  });
});

describe('Link and Location', () => {
  const headers = { 'X-Forwarded-Host': 'outer.test', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Prefix': '/odoo' };
  const { admin: key } = gateway.keys;
  const list = async (sidecar: HttpClient, path: string) => {
    const { headers: sent } = await sidecar.get(path, { key, headers: { ...headers, Origin: 'https://shop.example' } });
    expect(sent.get('access-control-expose-headers')?.split(', ')).toEqual(
      expect.arrayContaining(['Allow', 'Content-Language', 'ETag', 'Link', 'Location', 'X-RateLimit-Remaining', 'X-Request-Id']),
    );
    return /^<(.*)>; rel="next"$/.exec(sent.get('link') ?? '')?.[1] ?? '';
  };

  test.each([
    ['/api/v1/res.partner', { name: 'Placed' }],
    ['/api/v1/products', { name: 'Placed', list_price: 1 }],
  ])('are absolute URLs: %s', async (path, values) => {
    const own = await list(gateway, `${path}?limit=1&fields=name`);
    expect(own).toMatch(new RegExp(`^${gateway.url}${path}\\?`));
    expect((await gateway.get(own, { key })).status).toBe(200);
    expect(await list(proxied, `${path}?limit=1`)).toMatch(new RegExp(`^https://outer.test/odoo${path}\\?`));
    const made = await proxied.post(path, values, { key, headers });
    expect(made.headers.get('location')).toBe(`https://outer.test/odoo${path}/${made.json.data.id}`);
  });

  test('are absolute URLs in redirects, too', async () => {
    const answer = await proxied.get('/api/docs/?models=res.partner', { headers });
    expect([answer.status, answer.headers.get('location')]).toEqual([308, 'https://outer.test/odoo/api/docs?models=res.partner']);
  });

  test('use the address in the settings if there is one', async () => {
    await configure('https://api.example.com/gateway');
    expect(await list(proxied, '/api/v1/res.partner?limit=1')).toMatch(
      /^https:\/\/api\.example\.com\/gateway\/api\/v1\/res\.partner\?/,
    );
    await configure('');
  });
});
