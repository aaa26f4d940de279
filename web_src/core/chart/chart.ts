import { Component, onMounted, onWillUnmount, onWillUpdateProps, useRef } from '@odoo/owl';
import type { ApexOptions } from 'apexcharts';
import type { ChartTheme } from './palette';
import { themed } from './palette';

interface Props {
  /** Test and style hook. */
  name: string;
  title: string;
  /** What the chart says, for those who do not see it. */
  summary: string;
  /** Everything but the theme. */
  options: ApexOptions;
  theme: ChartTheme;
  empty: boolean;
  slots?: object;
}

/** An ApexCharts chart in a card: drawn when it is there, redrawn when its data or the theme changes, destroyed when it goes. */
export class Chart extends Component<Props> {
  static template = 'api_gateway.Chart';
  static props = {
    name: String,
    title: String,
    summary: String,
    options: Object,
    theme: String,
    empty: Boolean,
    slots: { type: Object, optional: true },
  };

  place = useRef<HTMLDivElement>('place');
  declare chart: ApexCharts | undefined;
  /** What is drawn: a redraw of the same would cost time and close an open tooltip. */
  declare drawn: string;

  override setup(): void {
    onMounted(() => {
      if (this.place.el === null) return;
      const options = this.optionsOf(this.props);
      this.drawn = fingerprint(options, this.props.theme);
      this.chart = new window.ApexCharts(this.place.el, options);
      void this.chart.render();
    });
    onWillUpdateProps((next: Props) => {
      const options = this.optionsOf(next);
      const print = fingerprint(options, next.theme);
      if (print === this.drawn || this.chart === undefined) return;
      this.drawn = print;
      void this.chart.updateOptions(options, false, false, false);
    });
    onWillUnmount(() => this.chart?.destroy());
  }

  optionsOf({ options, theme }: Props): ApexOptions {
    return themed(options, theme);
  }
}

function fingerprint({ series, labels, xaxis, annotations }: ApexOptions, theme: ChartTheme): string {
  return JSON.stringify([theme, series, labels, xaxis, annotations]);
}
