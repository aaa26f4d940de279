import { expect, test } from 'vitest';
import {
  meanPhases,
  parseRead,
  parseServerTiming,
  percentile,
  perSecond,
  phaseNames,
  phasesOf,
} from '../../web_src/speed_test/statistics.ts';

test('percentiles are computed by the nearest rank', () => {
  const values = [5, 1, 4, 2, 3];
  expect([0, 0.2, 0.5, 0.95, 1].map((share) => percentile(values, share))).toEqual([1, 1, 3, 5, 5]);
  expect(percentile([], 0.5)).toBe(0);
  expect(values).toEqual([5, 1, 4, 2, 3]);
});

test('Server-Timing is read by name; everything else is left out', () => {
  expect(parseServerTiming('auth;dur=0.12, odoo;dur=4.10, total;dur=5.62, cache;desc=hit, broken;dur=x')).toEqual({
    auth: 0.12,
    odoo: 4.1,
    total: 5.62,
  });
  expect(parseServerTiming(null)).toEqual({});
});

test('the parts of a call add up to its latency', () => {
  const phases = phasesOf(12, { total: 9, auth: 0.5, throttle: 1, queue: 0.25, odoo: 6, orm: 4, shape: 0.75 });
  expect(phases).toEqual({ network: 3, gateway: 0.5, auth: 0.5, throttle: 1, queue: 0.25, odoo: 2, orm: 4, sql: 0, shape: 0.75 });
  const sum = (found: typeof phases) => phaseNames.reduce((all, name) => all + found[name], 0);
  expect(sum(phases)).toBeCloseTo(12);
  expect(sum(meanPhases([phases, phasesOf(8, { total: 5 })]))).toBeCloseTo(10);
});

test('no part is negative if clocks differ', () => {
  expect(Math.min(...Object.values(phasesOf(1, { total: 2, odoo: 3, orm: 4 })))).toBe(0);
});

test('the way in which a read was answered is parsed, and a latency is converted to requests per second', () => {
  expect(parseRead(null)).toBeNull();
  expect(parseRead('compiled')).toEqual({ way: 'compiled', why: '' });
  expect(parseRead('odoo:field res.partner.message_ids')).toEqual({ way: 'odoo', why: 'field res.partner.message_ids' });
  expect([4, 0].map(perSecond)).toEqual([250, 0]);
});
