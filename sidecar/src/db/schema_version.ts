/** The last migration in `odoo_addon/api_gateway/sql` that this sidecar supports. A test checks this. */
export const schemaVersion = 39;
