// The options that all charts share.

import type { ApexOptions } from 'apexcharts';
import type { ChartTheme } from './colors';
import { paletteOf } from './colors';
import { localeOptions } from './locale';

const tallPx = 300;

/**
 * The given options, with the colours of a theme. Texts of tall charts are larger, because those are read from afar.
 *
 * @param height in pixels
 */
export function themed(options: ApexOptions, theme: ChartTheme, height: number): ApexOptions {
  const { text, grid, surface } = paletteOf(theme);
  const labels = { style: { colors: text, fontSize: height > tallPx ? '16px' : '11px' } };
  const yaxis = Array.isArray(options.yaxis) ? options.yaxis[0] : options.yaxis;
  return {
    ...options,
    theme: { mode: theme },
    chart: {
      height,
      background: 'transparent',
      fontFamily: 'inherit',
      foreColor: text,
      toolbar: { show: false },
      animations: { enabled: false },
      ...localeOptions(),
      ...options.chart,
    } as ApexOptions['chart'] & {},
    grid: { borderColor: grid, strokeDashArray: 3, padding: { left: 8, right: 8 }, ...options.grid },
    dataLabels: { enabled: false, ...options.dataLabels },
    stroke: { width: 2, curve: 'smooth', ...(options.chart?.type === 'donut' ? { colors: [surface] } : {}), ...options.stroke },
    legend: {
      position: 'bottom',
      fontSize: height > tallPx ? '16px' : '12px',
      labels: { colors: text },
      markers: { size: 5, strokeWidth: 0 },
      ...options.legend,
    },
    tooltip: { theme, ...options.tooltip },
    xaxis: {
      axisBorder: { show: false },
      axisTicks: { show: false },
      ...options.xaxis,
      labels: { ...labels, ...options.xaxis?.labels },
    },
    yaxis: { ...yaxis, labels: { ...labels, ...yaxis?.labels } },
  };
}
