import { _t } from '@web/core/l10n/translation';
import { odooText } from '../../core/odoo_text';

/** The lifetimes to choose from, as for Odoo's own keys. `longestDays` null: no limit. */
export function durationsUpTo(longestDays: number | null): { days: number; name: string }[] {
  const offered = [
    { days: 1, name: _t('In a day') },
    { days: 7, name: _t('In a week') },
    { days: 30, name: _t('In a month') },
    { days: 90, name: _t('In 3 months') },
    { days: 180, name: _t('In 6 months') },
    { days: 365, name: _t('In a year') },
  ];
  return offered.filter(({ days }) => longestDays === null || days <= longestDays);
}

/**
 * A time in Odoo's format, in UTC. It is a minute earlier, so that the maximum is not exceeded if the clocks of browser and
 * server differ.
 */
export function afterDays(days: number): string {
  return odooText(new Date(Date.now() + days * 86_400_000 - 60_000));
}

/** The last second of a day `YYYY-MM-DD` in the reader's time zone. */
export function endOfDay(date: string): string {
  return odooText(new Date(`${date}T23:59:59`));
}
