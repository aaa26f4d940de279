import type { Fault } from '../data/figures';

const columns: { name: string; value: (fault: Fault) => string | number | null }[] = [
  { name: 'time', value: ({ at }) => new Date(at).toISOString() },
  { name: 'status', value: ({ status }) => status },
  { name: 'reason', value: ({ reason }) => reason },
  { name: 'message', value: ({ message }) => message },
  { name: 'method', value: ({ method }) => method },
  { name: 'path', value: ({ path }) => path },
  { name: 'model', value: ({ model }) => model },
  { name: 'credential', value: ({ credential }) => credential },
  { name: 'consumer', value: ({ consumer }) => consumer },
  { name: 'address', value: ({ address }) => address },
  { name: 'duration_ms', value: ({ gateway_ms }) => gateway_ms },
  { name: 'request_id', value: ({ request_id }) => request_id },
];

/** The faults as CSV (RFC 4180), with a byte order mark so that spreadsheets read it as UTF-8. */
export function csvOf(faults: readonly Fault[]): string {
  const lines = [columns.map(({ name }) => name), ...faults.map((fault) => columns.map(({ value }) => value(fault)))];
  return `\ufeff${lines.map((line) => line.map(cell).join(',')).join('\r\n')}\r\n`;
}

/** Text that a spreadsheet would take for a formula is quoted, because callers choose their own paths. */
function cell(value: string | number | null): string {
  const text = String(value ?? '');
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function download(name: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
