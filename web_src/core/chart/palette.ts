// The colours of charts in both themes, and the options that all charts share.

import type { ApexOptions } from 'apexcharts';
import { localeOptions } from './locale';

export type ChartTheme = 'light' | 'dark';

const palettes = {
  light: {
    success: '#2a9d72',
    info: '#4a86d9',
    warning: '#e5a435',
    danger: '#d6494f',
    primary: '#714b67',
    accent: '#017e84',
    text: '#5f636f',
    grid: '#e7e9ed',
    surface: '#ffffff',
  },
  dark: {
    success: '#3fbf8f',
    info: '#6fa5f0',
    warning: '#f0b656',
    danger: '#ee6a70',
    primary: '#b98bae',
    accent: '#3ab8bd',
    text: '#a3a7b3',
    grid: '#363a48',
    surface: '#262a36',
  },
};

export type Palette = (typeof palettes)['light'];

export function paletteOf(theme: ChartTheme): Palette {
  return palettes[theme];
}

/** The given options, with the colours of a theme. */
export function themed(options: ApexOptions, theme: ChartTheme): ApexOptions {
  const { text, grid, surface } = palettes[theme];
  const labels = { style: { colors: text, fontSize: '11px' } };
  const yaxis = Array.isArray(options.yaxis) ? options.yaxis[0] : options.yaxis;
  return {
    ...options,
    theme: { mode: theme },
    chart: {
      height: 270,
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
      fontSize: '12px',
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
