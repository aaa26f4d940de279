// What a click on a number, a bar or a slice does: set a filter, open the log, or open another page.

import type { Domain } from '@web/core/utils/hooks';
import { odooText } from '../../core/odoo_text';
import type { Figures, Reason, StatusClass } from './figures';

export type Lead =
  | { statusClass: StatusClass }
  | { consumer: string }
  | { since: number; until: number }
  /** An action's id. */
  | { action: string }
  /** Requests in the log, within the page's range and filters. */
  | { name: string; where: Domain; groupBy?: string; mostOf?: string };

/** The log rows behind the displayed figures. */
export function logDomain(range: Figures['range'], consumer: string | null, statusClass: StatusClass | null): Domain {
  return [
    ['at', '>=', odooText(new Date(range.since))],
    ['at', '<', odooText(new Date(range.until))],
    ...(consumer === null ? [] : ([['consumer', '=', consumer]] satisfies Domain)),
    ...(statusClass === null ? [] : classDomain(statusClass)),
  ];
}

export function classDomain(statusClass: StatusClass): Domain {
  return [
    ['status', '>=', statusClass * 100],
    ['status', '<', statusClass * 100 + 100],
  ];
}

/** The log rows with refusals of a kind; null: all other refusals. */
export function causeDomain(reasons: readonly Reason[], cause: Reason['cause']): Domain {
  if (cause !== null) return [['reason', 'in', reasons.filter((reason) => reason.cause === cause).map(({ value }) => value)]];
  const known = reasons.filter((reason) => reason.cause !== null).map(({ value }) => value);
  return [...classDomain(4), ['reason', 'not in', known]];
}
