import { _t } from '@web/core/l10n/translation';
import type { ApexOptions } from 'apexcharts';
import type { ChartTable } from '../../core/chart/chart';
import type { ChartTheme } from '../../core/chart/colors';
import type { TimeOverlay } from '../../core/chart/overlay';
import type { Figures, StatusClass } from '../data/figures';
import type { Lead } from '../data/lead';

export interface ChartDefinition {
  name: string;
  title: string;
  summary: string;
  options: ApexOptions;
  empty: boolean;
  /** Why the chart is empty; undefined if there is simply no data. */
  emptyText?: string;
  table: () => ChartTable;
  overlay?: TimeOverlay;
}

/** The data of every chart. */
export interface ChartInput {
  figures: Figures;
  theme: ChartTheme;
  statusClass: StatusClass | null;
  follow: (lead: Lead) => void;
}

/** The names of the status classes. */
export function classNames(): Record<StatusClass, string> {
  return { 2: _t('2xx Success'), 3: _t('3xx Redirected'), 4: _t('4xx Refused'), 5: _t('5xx Failed') };
}

/** A colour in the format #rrggbb, mixed with another by a share (0 to 1). */
export function mixed(color: string, other: string, share: number): string {
  const parts = [1, 3, 5].map((start) => {
    const [from = 0, to = 0] = [color, other].map((hex) => Number.parseInt(hex.slice(start, start + 2), 16));
    return Math.round(from + (to - from) * share)
      .toString(16)
      .padStart(2, '0');
  });
  return `#${parts.join('')}`;
}
