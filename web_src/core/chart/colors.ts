// The colours of charts in both themes.

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

/** The colours for statuses 2xx, 3xx, 4xx and 5xx. */
export function classColors(theme: ChartTheme): string[] {
  const { success, info, warning, danger } = paletteOf(theme);
  return [success, info, warning, danger];
}
