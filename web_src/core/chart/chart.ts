import { Component, onMounted, onPatched, onWillUnmount, useRef, useState } from '@odoo/owl';
import { _t } from '@web/core/l10n/translation';
import type { ApexOptions } from 'apexcharts';
import { chartStyle } from './chart_style';
import type { ChartTheme } from './colors';
import { inTurn } from './in_turn';
import type { PlotArea, TimeOverlay } from './overlay';
import { ChartOverlay } from './overlay';
import { themed } from './palette';

/** A row that links to something is a button. */
export interface ChartTable {
  columns: string[];
  rows: { cells: string[]; follow?: () => void }[];
}

interface Props {
  /** A name for tests and styles. */
  name: string;
  title: string;
  /** The chart's content in words, for screen readers. */
  summary: string;
  /** All options except the theme. */
  options: ApexOptions;
  theme: ChartTheme;
  empty: boolean;
  /** Why the chart is empty; undefined if there is simply no data. */
  emptyText?: string;
  /** The chart's content as a table, for keyboards and screen readers. Called only while the table is shown. */
  table?: () => ChartTable;
  /** Marks and a line over its time axis. */
  overlay?: TimeOverlay;
  slots?: object;
}

/** The position of the plot in ApexCharts' internal state, which its types leave out. */
interface Drawn {
  w: { globals: { translateX: number; translateY: number; gridWidth: number; gridHeight: number; maxYArr: number[] } };
}

/** The space between a chart and the lower edge of its container. */
const marginPx = 15;

/**
 * An ApexCharts chart in a card: drawn when it is mounted, redrawn when its data or the theme changes, destroyed when it is
 * unmounted. A page with many charts draws them in several frames and never freezes.
 */
export class Chart extends Component<Props> {
  static template = 'api_gateway.Chart';
  static components = { ChartOverlay };
  static props = {
    name: String,
    title: String,
    summary: String,
    options: Object,
    theme: String,
    empty: Boolean,
    emptyText: { type: String, optional: true },
    table: { type: Function, optional: true },
    overlay: { type: Object, optional: true },
    slots: { type: Object, optional: true },
  };

  view: { isTable: boolean; plot: PlotArea | null } = useState({ isTable: false, plot: null });
  place = useRef<HTMLDivElement>('place');
  declare chart: ApexCharts | undefined;
  /** The fingerprint and height that are drawn: drawing them again would cost time and close an open tooltip. */
  declare drawn: string | undefined;
  declare drawnHeight: number | undefined;

  override setup(): void {
    const turn = inTurn(async () => {
      await this.draw();
      this.busy(turn.isAsked());
    });
    const ask = () => {
      this.busy(true);
      turn.ask();
    };
    const resized = new ResizeObserver(ask);
    onMounted(() => {
      if (this.place.el !== null) resized.observe(this.place.el);
      ask();
    });
    onPatched(() => {
      if (this.fingerprint !== this.drawn) ask();
    });
    onWillUnmount(() => {
      turn.cancel();
      resized.disconnect();
      this.chart?.destroy();
    });
  }

  get tableLabel(): string {
    return _t('“%s” as a table', this.props.title);
  }

  get marksLabel(): string {
    return _t('Changes during “%s”', this.props.title);
  }

  get emptyText(): string {
    return this.props.emptyText ?? _t('Nothing in this range');
  }

  /** Describes the chart's content. */
  get fingerprint(): string {
    const { options, theme, overlay } = this.props;
    return JSON.stringify([theme, overlay?.line, fingerprintOf(options)]);
  }

  async draw(): Promise<void> {
    const { options, theme } = this.props;
    const height = Math.max(1, (this.place.el?.clientHeight ?? 0) - marginPx);
    const print = this.fingerprint;
    if ((print !== this.drawn || height !== this.drawnHeight) && this.place.el !== null) {
      this.drawn = print;
      this.drawnHeight = height;
      const all = themed(options, theme, height);
      if (this.chart === undefined) {
        this.chart = new window.ApexCharts(shadowOf(this.place.el), all);
        await this.chart.render();
      } else await this.chart.updateOptions(all, false, false, false);
    }
    this.measure();
  }

  /** Computes the position of the overlay, after drawing and after each change of the chart's size. */
  measure(): void {
    const frame = this.place.el;
    if (frame === null || this.chart === undefined || this.props.overlay === undefined) return;
    const { translateX, translateY, gridWidth, gridHeight, maxYArr } = (this.chart as unknown as Drawn).w.globals;
    const [canvas, outer] = [frame.shadowRoot?.querySelector('.apexcharts-canvas'), frame.getBoundingClientRect()];
    if (canvas == null) return;
    const { left, top } = canvas.getBoundingClientRect();
    const plot = {
      left: Math.round(left - outer.left + translateX),
      top: Math.round(top - outer.top + translateY),
      width: Math.round(gridWidth),
      height: Math.round(gridHeight),
      most: maxYArr[0] ?? 1,
    };
    if (JSON.stringify(plot) !== JSON.stringify(this.view.plot)) this.view.plot = plot;
  }

  /** Marks the chart as busy while the drawing is older than its data. */
  busy(isBusy: boolean): void {
    if (this.place.el !== null) this.place.el.ariaBusy = String(isBusy);
  }
}

/**
 * The element to draw in: a shadow tree. A chart measures each of its texts, and the browser would match all of Odoo's style
 * sheets each time, with their many `:has()`. That takes 25 ms per text, seconds per page. The page's style sheets do not apply
 * inside a shadow tree, so measuring takes 0.3 ms there.
 */
function shadowOf(host: HTMLElement): HTMLElement {
  moveRuler();
  const style = document.createElement('style');
  style.textContent = chartStyle;
  const frame = document.createElement('div');
  const place = document.createElement('div');
  frame.append(place);
  host.attachShadow({ mode: 'open' }).append(style, frame);
  return place;
}

let isRulerMoved = false;

/**
 * svg.js, which draws for ApexCharts, measures text in an <svg> in the document's body. This moves that element into the shadow
 * tree, too.
 */
function moveRuler(): void {
  if (isRulerMoved) return;
  isRulerMoved = true;
  window.SVG().path('M0 0').bbox();
  const ruler = document.querySelector('body > svg[aria-hidden="true"][focusable="false"]');
  if (ruler === null) return;
  const host = document.createElement('div');
  host.className = 'o_api_gateway_ruler';
  host.attachShadow({ mode: 'open' }).append(ruler);
  document.body.append(host);
}

const fingerprints = new WeakMap<ApexOptions, string>();

/** Computed before the options are drawn, because ApexCharts adds values to them. */
function fingerprintOf(options: ApexOptions): string {
  const known = fingerprints.get(options);
  if (known !== undefined) return known;
  const { series, labels, xaxis, yaxis, annotations } = options;
  const made = JSON.stringify([series, labels, xaxis, yaxis, annotations]);
  fingerprints.set(options, made);
  return made;
}
