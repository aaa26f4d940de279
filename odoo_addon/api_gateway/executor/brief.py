"""Chooses the few fields of a model to show when the caller names no fields, the most useful first."""

# Fields that lists in Odoo's apps show, the most useful first.
TELLING = (
    *("name", "complete_name", "default_code", "code", "partner_id", "state", "payment_state", "invoice_status"),
    *("move_type", "date_order", "invoice_date", "invoice_date_due", "date", "date_start", "date_deadline", "start"),
    *("stop", "amount_total", "amount_residual", "list_price", "standard_price", "price_unit", "price_subtotal"),
    *("expected_revenue", "product_id", "product_uom_qty", "quantity", "qty_delivered", "qty_invoiced", "email"),
    *("phone", "vat", "street", "city", "zip", "country_id", "is_company", "parent_id", "function", "user_id"),
    *("stage_id", "project_id", "order_id", "move_id", "categ_id", "type", "job_title", "department_id", "subject"),
    *("body", "model", "res_id"),
)
RANKS = {name: rank for rank, name in enumerate(TELLING)}
LONG = frozenset(("html", "json", "properties", "properties_definition", "text"))
# Odoo's own bookkeeping, which says nothing about the record.
DULL = frozenset(("active", "color", "company_id", "create_date", "create_uid", "currency_id", "sequence", "write_uid"))
DULL_PREFIXES = ("access_", "activity_", "alias_", "campaign_", "medium_", "message_", "source_", "website_")
MOST = 10


def brief_fields(model, names):
    """Up to MOST of the names, the most useful first."""
    return sorted(names, key=lambda name: _rank(model, name))[:MOST]


def _rank(model, name):
    if name == model._rec_name:
        return (0, 0, name)
    if name in RANKS and model._fields[name].type not in LONG:
        return (1, RANKS[name], name)
    field = model._fields[name]
    is_dull = name in DULL or name.startswith(DULL_PREFIXES) or field.type in LONG
    return (4 if is_dull else 2 if field.required else 3, 0, name)
