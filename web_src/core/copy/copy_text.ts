import { browser } from '@web/core/browser/browser';

/**
 * Puts text into the clipboard, even on pages served over plain HTTP, where browsers offer no clipboard.
 * @returns false if the browser refused
 */
export async function copyText(text: string): Promise<boolean> {
  try {
    await browser.navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const area = Object.assign(document.createElement('textarea'), { value: text, readOnly: true });
  area.style.position = 'fixed';
  // The element is added inside an open dialog, because the dialog would take the focus back from any other place.
  (focused?.closest('.modal-content') ?? document.body).append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
