/** A time in Odoo's format, in UTC. */
export function odooText(at: Date): string {
  return at.toISOString().slice(0, 19).replace('T', ' ');
}
