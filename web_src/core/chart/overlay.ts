import { Component, useState } from '@odoo/owl';
import { _t } from '@web/core/l10n/translation';

/** Marks and a line over a chart's time axis. Times are milliseconds since 1970. */
export interface TimeOverlay {
  /** The ends of the axis. */
  since: number;
  until: number;
  /** Moments at which something happened, oldest first. */
  marks: { at: number; text: string }[];
  /** A dashed line; null values interrupt it. */
  line?: { at: number; value: number | null }[];
  /** The name of the line. */
  lineName?: string;
}

/** Where the chart draws its values, in pixels, and the value at its upper edge. */
export interface PlotArea {
  left: number;
  top: number;
  width: number;
  height: number;
  most: number;
}

interface Mark {
  x: number;
  /** Newest first. */
  texts: string[];
}

/** Marks that are closer together are merged. WCAG asks for targets of 24 pixels. */
const leastDistance = 24;
const mostTexts = 8;

/** Marks under a chart's time axis, and a line over its plot. They are HTML, because keyboards do not reach the chart's SVG. */
export class ChartOverlay extends Component<{ overlay: TimeOverlay; plot: PlotArea; label: string }> {
  static template = 'api_gateway.ChartOverlay';
  static props = { overlay: Object, plot: Object, label: String };

  /** The Tab key stops once for all marks; arrow keys move from mark to mark. */
  view = useState({ reachable: 0 });
  get marks(): Mark[] {
    const { overlay, plot } = this.props;
    const found: Mark[] = [];
    for (const { at, text } of overlay.marks) {
      const x = Math.round(plot.width * place(at, overlay));
      const last = found.at(-1);
      if (last !== undefined && x - last.x < leastDistance) last.texts.unshift(text);
      else found.push({ x, texts: [text] });
    }
    return found;
  }

  get path(): string {
    const { overlay, plot } = this.props;
    let isDrawing = false;
    const steps = (overlay.line ?? []).map(({ at, value }) => {
      if (value === null) {
        isDrawing = false;
        return '';
      }
      const step = `${isDrawing ? 'L' : 'M'}${(plot.width * place(at, overlay)).toFixed(1)} ${(plot.height * (1 - value / plot.most)).toFixed(1)}`;
      isDrawing = true;
      return step;
    });
    return steps.join('');
  }

  /** The text of a mark: its newest texts, and the number of further ones. */
  lines({ texts }: Mark): string[] {
    const more = texts.length - mostTexts;
    return more > 0 ? [...texts.slice(0, mostTexts), _t('%s more: see the table', more)] : texts;
  }

  /** The text goes to the side with more space. */
  side({ x }: Mark): string {
    const { width } = this.props.plot;
    return x > width / 2 ? `right: 0; max-width: ${x}px` : `left: 0; max-width: ${width - x}px`;
  }

  onKeydown(event: KeyboardEvent, index: number): void {
    const { currentTarget: mark } = event;
    if (!(mark instanceof HTMLElement)) return;
    if (event.key === 'Escape') mark.blur();
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const next = step === undefined ? undefined : mark.parentElement?.children[index + step];
    if (!(next instanceof HTMLElement)) return;
    event.preventDefault();
    this.view.reachable = index + (step ?? 0);
    next.focus();
  }
}

function place(at: number, { since, until }: TimeOverlay): number {
  return Math.min(1, Math.max(0, (at - since) / Math.max(1, until - since)));
}
