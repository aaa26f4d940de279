import { onWillUnmount, useEffect, useState } from '@odoo/owl';
import { browser } from '@web/core/browser/browser';

export type ThemeChoice = 'auto' | 'light' | 'dark';
export type ThemeMode = 'light' | 'dark';

export interface Theme {
  /** The user's choice, stored in the browser. */
  choice: ThemeChoice;
  /** The theme that is shown. `auto` follows the system. */
  mode: ThemeMode;
  choose: (choice: ThemeChoice) => void;
}

const storageKey = 'api_gateway.theme';

/** The theme of the gateway's pages. They have their own, because Odoo Community has no dark theme to follow. */
export function useTheme(): Theme {
  const systemDark = matchMedia('(prefers-color-scheme: dark)');

  function modeOf(choice: ThemeChoice): ThemeMode {
    if (choice === 'auto') return systemDark.matches ? 'dark' : 'light';
    return choice;
  }

  const stored = parseChoice(browser.localStorage.getItem(storageKey));
  const theme: Theme = useState({
    choice: stored,
    mode: modeOf(stored),
    choose(choice: ThemeChoice) {
      browser.localStorage.setItem(storageKey, choice);
      Object.assign(theme, { choice, mode: modeOf(choice) });
    },
  });

  const followSystem = () => {
    theme.mode = modeOf(theme.choice);
  };
  systemDark.addEventListener('change', followSystem);
  onWillUnmount(() => systemDark.removeEventListener('change', followSystem));
  // The body has the theme, too, because dialogs are drawn outside the page's element.
  useEffect(
    (mode) => {
      document.body.dataset['apiGatewayTheme'] = mode;
      return () => delete document.body.dataset['apiGatewayTheme'];
    },
    () => [theme.mode],
  );
  return theme;
}

function parseChoice(text: string | null): ThemeChoice {
  return text === 'light' || text === 'dark' ? text : 'auto';
}
