/** The last migration of `odoo_addon/api_gateway/sql` that this sidecar was written for. A test checks this. */
export const schemaVersion = 26;
