// Field widget `gateway_http_status`: Odoo's badge for a status code. Odoo's own widget does not accept integers and warns in
// the console.

import { registry } from '@web/core/registry';
import { badgeField } from '@web/views/fields/badge/badge_field';

registry.category('fields').add('gateway_http_status', { ...badgeField, supportedTypes: ['integer'] });
