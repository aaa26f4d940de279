// static/lib/apexcharts.min.js is part of the bundle and defines its class on `window`.

import type ApexChartsClass from 'apexcharts';

declare global {
  type ApexCharts = ApexChartsClass;
  interface Window {
    ApexCharts: typeof ApexChartsClass;
    /** svg.js, which comes with ApexCharts. */
    SVG: () => { path(d: string): { bbox(): unknown } };
  }
}
