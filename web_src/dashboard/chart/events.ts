// What changed in the range, as marks under the time axis and as a column of the charts' tables.

import { _t } from '@web/core/l10n/translation';
import type { TimeOverlay } from '../../core/chart/overlay';
import { formatMoment } from '../../core/format';
import type { Figures, GatewayEvent, Point } from '../data/figures';

export function eventText({ kind, name }: GatewayEvent): string {
  const texts: Record<GatewayEvent['kind'], string> = {
    upgraded: _t('API Gateway %s installed', name),
    started: _t('Sidecar “%s” started', name),
    setting: _t('Setting “%s” changed', name),
    created: _t('“%s” created', name),
    rotated: _t('“%s” rotated', name),
    revoked: _t('“%s” revoked', name),
  };
  return texts[kind];
}

/** The charts are drawn again every few seconds, and formatting a date is slow. */
const written = new WeakMap<GatewayEvent[], TimeOverlay['marks']>();

function marksOf(events: GatewayEvent[]): TimeOverlay['marks'] {
  const known = written.get(events);
  if (known !== undefined) return known;
  const marks = events.map((event) => ({
    at: event.at,
    text: `${formatMoment(event.at, { dateStyle: 'medium', timeStyle: 'short' })} · ${eventText(event)}`,
  }));
  written.set(events, marks);
  return marks;
}

/** The events of the step that begins at a moment. */
export function eventsAt({ events, range }: Figures, at: number): GatewayEvent[] {
  return events.filter((event) => event.at >= at && event.at < at + range.step * 1_000);
}

/**
 * @param numberOf the value of the previous period's line
 * @param lineName its name
 */
export function overlayOf(
  { events, before, series, range }: Figures,
  numberOf: (point: Point) => number | null,
  lineName: string,
): TimeOverlay {
  const length = range.until - range.since;
  return {
    since: series[0]?.at ?? range.since,
    until: series.at(-1)?.at ?? range.until,
    marks: marksOf(events),
    ...(before === null ? {} : { lineName, line: before.map((point) => ({ at: point.at + length, value: numberOf(point) })) }),
  };
}

/** The previous period's step that corresponds to one of the range; undefined: there is none. */
export function pointBefore({ before, range }: Figures, at: number): Point | undefined {
  const then = at - (range.until - range.since);
  return before?.find((point) => Math.abs(point.at - then) <= range.step * 500);
}
