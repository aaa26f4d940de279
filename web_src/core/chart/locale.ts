// The names of months and days for the axes of ApexCharts, in Odoo's language. They come from the browser.

import type { ApexOptions } from 'apexcharts';
import { formatMoment } from '../format';

// A Sunday at noon in UTC, because it is then Sunday in almost every time zone.
const sunday = Date.UTC(2023, 0, 1, 12);
const dayMs = 86_400_000;

let made: ApexOptions['chart'];

/**
 * Computed once: a page's language does not change, and getting 38 names from the browser takes as long as drawing a small chart.
 */
export function localeOptions(): ApexOptions['chart'] {
  made ??= makeLocale();
  return made;
}

function makeLocale(): ApexOptions['chart'] {
  const days = (weekday: 'long' | 'short') =>
    Array.from({ length: 7 }, (_, i) => formatMoment(sunday + i * dayMs, { weekday, timeZone: 'UTC' }));
  const months = (month: 'long' | 'short') =>
    Array.from({ length: 12 }, (_, i) => formatMoment(Date.UTC(2023, i, 15), { month, timeZone: 'UTC' }));
  const options = { days: days('long'), shortDays: days('short'), months: months('long'), shortMonths: months('short') };
  return { locales: [{ name: 'odoo', options }], defaultLocale: 'odoo' };
}
