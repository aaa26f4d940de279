// Formats numbers for readers, in Odoo's language.

import { localization } from '@web/core/l10n/localization';
import { _t } from '@web/core/l10n/translation';

/** Making a formatter takes a hundred times as long as using it. */
function kept<Options, Formatter>(make: (locale: string, options: Options) => Formatter): (options: Options) => Formatter {
  const formatters = new Map<string, Formatter>();
  return (options) => {
    const key = JSON.stringify(options);
    let found = formatters.get(key);
    if (found === undefined) {
      found = make(localization.code.replace('_', '-').replace('@', '-'), options);
      formatters.set(key, found);
    }
    return found;
  };
}

const numbers = kept((locale, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options));
const moments = kept((locale, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options));

function format(value: number, options: Intl.NumberFormatOptions): string {
  return numbers(options).format(value);
}

export const nothing = '–';

export function formatCount(value: number): string {
  if (Math.abs(value) < 100_000) return format(Math.round(value), { maximumFractionDigits: 0 });
  return format(value, { notation: 'compact', maximumFractionDigits: 1 });
}

/** A count on an axis: 20K. */
export function formatTick(value: number): string {
  return format(value, { notation: 'compact', maximumFractionDigits: 1 });
}

/** A share and its complement get the same number of digits: 99.96 % and 0.04 %. */
export function formatRate(value: number): string {
  const smaller = Math.min(value, 1 - value);
  return format(value, { style: 'percent', maximumFractionDigits: smaller > 0 && smaller < 0.1 ? 2 : 1 });
}

/** A change in percent, with as few digits as possible. */
export function formatShare(value: number): string {
  return format(value, { style: 'percent', maximumFractionDigits: value > 0 && value < 0.1 ? 1 : 0 });
}

export function formatPerSecond(value: number): string {
  return format(value, { maximumFractionDigits: value < 10 ? 1 : 0 });
}

export function formatMs(ms: number): string {
  if (ms >= 10_000) return _t('%s s', format(ms / 1_000, { maximumFractionDigits: 1 }));
  return _t('%s ms', format(ms, { maximumFractionDigits: ms < 10 ? 1 : 0 }));
}

/** A ratio such as "3.4×". */
export function formatRatio(ratio: number): string {
  return `${format(ratio, { maximumFractionDigits: ratio < 10 ? 1 : 0 })}×`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** A number of bytes, in decimal units. */
export function formatBytes(bytes: number): string {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1_000 ** power;
  return `${format(value, { maximumFractionDigits: power === 0 || value >= 100 ? 0 : 1 })} ${units[power]}`;
}

/** A moment in the reader's time zone. */
export function formatMoment(ms: number, options: Intl.DateTimeFormatOptions): string {
  return moments(options).format(ms);
}
