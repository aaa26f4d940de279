import { _t } from '@web/core/l10n/translation';

/** A time span in its two largest units, such as "3 d 4 h" or "12 s". */
export function formatDuration(seconds: number): string {
  const total = Math.max(0, Math.floor(seconds));
  const days = Math.floor(total / 86_400);
  const hours = Math.floor(total / 3_600) % 24;
  const minutes = Math.floor(total / 60) % 60;
  if (days > 0) return _t('%(days)s d %(hours)s h', { days, hours });
  if (hours > 0) return _t('%(hours)s h %(minutes)s min', { hours, minutes });
  if (minutes > 0) return _t('%(minutes)s min %(seconds)s s', { minutes, seconds: total % 60 });
  return _t('%(seconds)s s', { seconds: total });
}
