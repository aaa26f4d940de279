// The settings of the page that are kept in its address, so that it can be bookmarked: ?range=24h&compare=1&tv=1

import { browser } from '@web/core/browser/browser';
import type { Span } from './spans';
import { parseSpan } from './spans';

export interface View {
  /** Whether the previous period is shown, too. */
  compare: boolean;
  /** Full screen for a display on a wall: large figures, no controls. */
  tv: boolean;
}

export function readAddress(): View & { span: Span | null } {
  const read = new URLSearchParams(browser.location.search);
  return { compare: read.get('compare') === '1', tv: read.get('tv') === '1', span: parseSpan(read.get('range')) };
}

/** For Odoo's router, which removes undefined parameters. Only a wall display has its range in the address. */
export function addressOf({ compare, tv }: View, span: Span | null): Record<string, string | number | undefined> {
  return { compare: compare ? 1 : undefined, tv: tv ? 1 : undefined, range: tv && span !== null ? span : undefined };
}
