import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError, loadConfig, urlOfDatabase } from '../../sidecar/src/config.ts';

const minimal = { GATEWAY_DATABASE_URL: 'postgres://gateway:s3cret@db.example:5433/shop' };

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('loadConfig', () => {
  test('needs nothing but the address of a database', () => {
    const config = loadConfig(minimal);
    expect(config.databases).toEqual(['shop']);
    expect(config).toMatchObject({ odooUrl: 'http://127.0.0.1:8069', host: '127.0.0.1', port: 8080, trustedProxies: [] });
    expect(config.listenUrl).toBe(config.databaseUrl);
    expect(urlOfDatabase(config.databaseUrl, 'a/b ü')).toBe('postgres://gateway:s3cret@db.example:5433/a%2Fb%20%C3%BC');
  });

  test('serves the configured databases, the first one by default', () => {
    const config = loadConfig({ ...minimal, GATEWAY_DATABASES: 'one, two three' });
    expect(config.databases).toEqual(['one', 'two', 'three']);
  });

  test('decodes a percent-encoded database name in the address', () => {
    const config = loadConfig({ GATEWAY_DATABASE_URL: 'postgres://gateway@db/my%2Dshop' });
    expect(config.databases).toEqual(['my-shop']);
  });

  test('lists all faults together', () => {
    const faults = faultsOf({
      GATEWAY_DATABASES: 'a,a',
      GATEWAY_ODOO_URL: 'http://odoo:8069/web',
      GATEWAY_PORT: '80800',
      GATEWAY_ODOO_WORKERS: 'two',
      GATEWAY_LOG_LEVEL: 'loud',
      GATEWAY_TRUSTED_PROXIES: '10.0.0.0/8, proxy.example',
      GATEWAY_FORWARDED_HEADER: 'x-real-ip',
    });
    const named = [
      'GATEWAY_DATABASE_URL',
      'GATEWAY_DATABASES',
      'GATEWAY_ODOO_URL',
      'GATEWAY_TRUSTED_PROXIES',
      'GATEWAY_ODOO_WORKERS',
      'GATEWAY_PORT',
      'GATEWAY_FORWARDED_HEADER',
      'GATEWAY_LOG_LEVEL',
    ];
    expect(faults.map((fault) => fault.split(' ')[0]).sort()).toEqual(named.sort());
  });

  test.each([
    ['postgres://gateway@db', 'GATEWAY_DATABASES is missing'],
    ['postgres://gateway@db/%E0', 'GATEWAY_DATABASES is missing'],
    ['postgres://gateway@db/größe', 'cannot be the name of an Odoo database'],
    ['mysql://gateway@db/shop', 'GATEWAY_DATABASE_URL must be an address'],
    ['not an address', 'GATEWAY_DATABASE_URL must be an address'],
  ])('refuses the database address %s', (url, fault) => {
    expect(faultsOf({ GATEWAY_DATABASE_URL: url })[0]).toContain(fault);
  });

  test('never repeats an address, which may hold a password', () => {
    expect(faultsOf({ GATEWAY_DATABASE_URL: 'postgre://gateway:s3cret@db/shop' }).join()).not.toContain('s3cret');
  });

  test('docs/configuration.md explains each variable, and no other', () => {
    const root = join(import.meta.dirname, '../..');
    const named = (path: string) => new Set(readFileSync(join(root, path), 'utf8').match(/\bGATEWAY_[A-Z_]+\b/g));
    expect([...named('docs/configuration.md')].sort()).toEqual([...named('sidecar/src/config.ts')].sort());
  });
});
