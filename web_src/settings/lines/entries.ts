// Checks the entries of a text field as the user types. Odoo makes the final check on saving (tools/narrowing.py).

export type Kind = 'address' | 'origin' | 'model';

export interface Fault {
  /** The number of the line, from 1. */
  line: number;
  entry: string;
}

const judges: Record<Kind, (entry: string) => boolean> = { address: isAddress, origin: isOrigin, model: isModel };

/** The entries of a text field: separated by white space or commas. */
export function entriesOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== '');
}

export function faultsOf(text: string, kind: Kind): Fault[] {
  return text.split('\n').flatMap((row, index) =>
    entriesOf(row)
      .filter((entry) => !judges[kind](entry))
      .map((entry) => ({ line: index + 1, entry })),
  );
}

/** An IPv4 or IPv6 address, or a network of them (`203.0.113.0/24`). */
export function isAddress(entry: string): boolean {
  const [address = '', mask, more] = entry.split('/');
  if (more !== undefined) return false;
  const bits = isIpv4(address) ? 32 : isIpv6(address) ? 128 : -1;
  if (bits < 0) return false;
  return mask === undefined || (/^\d{1,3}$/.test(mask) && Number(mask) <= bits);
}

function isIpv4(text: string): boolean {
  return (
    /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => String(Number(part)) === part && Number(part) <= 255)
  );
}

/** The browser checks the address: it parses a URL in which the address is in brackets (RFC 3986). */
function isIpv6(text: string): boolean {
  return text.includes(':') && /^[0-9a-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]/`);
}

/** Whether an entry is `*`, or an origin: only scheme, host and port. */
export function isOrigin(entry: string): boolean {
  if (entry === '*') return true;
  return /^https?:\/\//.test(entry) && URL.canParse(entry) && new URL(entry).origin === entry.replace(/:(80|443)$/, '');
}

/** A technical name. A `*` at the end matches any suffix. */
export function isModel(entry: string): boolean {
  return entry.length <= 200 && /^[a-z_][a-z0-9_.]*\*?$/.test(entry);
}
