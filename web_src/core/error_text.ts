import { _t } from '@web/core/l10n/translation';

interface RpcError {
  message?: unknown;
  data?: { message?: unknown };
}

/** An error of Odoo's services as readable text: the server's own message if it sent one. */
export function errorText(error: unknown): string {
  const { message, data } = (typeof error === 'object' && error !== null ? error : {}) as RpcError;
  for (const text of [data?.message, message]) if (typeof text === 'string' && text !== '') return text;
  return _t('Odoo did not answer.');
}
