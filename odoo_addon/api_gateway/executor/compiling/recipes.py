"""Names that models compute with their own methods, as SQL. Each function reproduces the Python method of the same
name, including the text "False" that Python writes for an empty field."""

from odoo.orm.domains import Domain
from odoo.tools import SQL, Query

from .columns import column_to_sql, joined

# The characters that `str.strip` removes and `\s` matches.
WHITE = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + "\u2028\u2029\u202f\u205f\u3000"
)

# Recipes that need no rights on other records: Odoo reads no other records, or reads them as superuser.
OF_OWN_COLUMNS = frozenset(["bank", "incoterm", "partner", "plain_name", "product", "purchase_order", "template"])


def partner(model, alias, query):
    """res.partner"""
    name, kind, company, commercial, parent_id, is_company = (
        _column(model, alias, field, query)
        for field in ("name", "type", "company_name", "commercial_company_name", "parent_id", "is_company")
    )
    parent, parent_alias = joined(model, alias, model._fields["parent_id"], query)
    parent_name = _column(parent, parent_alias, "name", query)
    # Labels are translated; changing one changes the registry, which discards the plan.
    labels = dict(model._fields["type"]._description_selection(model.env))
    cases = [SQL("WHEN %s = %s THEN %s", kind, value, labels[value]) for value in model._complete_name_displayed_types]
    belongs = SQL("(NULLIF(%s, '') IS NOT NULL OR %s IS NOT NULL)", company, parent_id)
    own = SQL(
        "(CASE WHEN %s AND COALESCE(%s, '') = '' THEN (CASE %s ELSE '' END) ELSE COALESCE(%s, '') END)",
        belongs,
        name,
        SQL(" ").join(cases),
        name,
    )
    whole = SQL(
        "(CASE WHEN %s AND %s IS NOT TRUE THEN COALESCE(NULLIF(%s, ''), %s, 'False') || ', ' ELSE '' END || %s)",
        belongs,
        is_company,
        commercial,
        parent_name,
        own,
    )
    stripped = SQL("btrim(%s, %s)", whole, WHITE)
    lines = SQL("regexp_replace(%s, %s, %s, 'g')", stripped, f"[{WHITE}]+\n", "\n")
    return SQL("NULLIF(btrim(%s, %s), '')", lines, WHITE)


def template(model, alias, query):
    """product.template"""
    return _with_code(_column(model, alias, "name", query), _column(model, alias, "default_code", query))


def product(model, alias, query):
    """product.product: its name, followed by the attribute values that distinguish it from other variants."""
    name = _column(model, alias, "name", query)
    variant = _combination(model, alias)
    named = SQL("COALESCE(%s || ' (' || %s || ')', %s)", SQL("COALESCE(%s, 'False')", name), variant, name)
    return _with_code(named, _column(model, alias, "default_code", query))


def _combination(model, alias):
    field = model._fields["product_template_attribute_value_ids"]
    values = model.env[field.comodel_name].sudo().with_context(active_test=False)
    table = values._table
    query = values._search(Domain.TRUE, order=values._order)
    attribute = _column(values, table, "attribute_id", query)
    query.add_join(
        "JOIN", field.relation, None, SQL("%s = %s", SQL.identifier(field.relation, field.column2), _id(table))
    )
    query.add_where(SQL("%s = %s", SQL.identifier(field.relation, field.column1), _id(alias)))
    query.add_where(
        SQL(
            "EXISTS (SELECT 1 FROM product_attribute AS __attribute WHERE __attribute.id = %s"
            " AND __attribute.create_variant IS DISTINCT FROM 'no_variant')",
            attribute,
        )
    )
    line = SQL.identifier(table, "attribute_line_id")
    found = query.select(
        SQL("%s AS name", _column(values, table, "name", query)),
        SQL("COALESCE(%s, FALSE) AS active", SQL.identifier(table, "ptav_active")),
        SQL("%s AS line", line),
    )
    others = SQL(
        "(SELECT count(*) FROM product_template_attribute_value AS __other"
        " WHERE __other.attribute_line_id = __value.line AND (__other.ptav_active OR NOT __value.only_active))"
    )
    # An array preserves the order. An empty string means no variant.
    return SQL(
        "(SELECT NULLIF(string_agg(COALESCE(__value.name, 'False'), ', ' ORDER BY __value.place), '')"
        " FROM (SELECT __found.*, row_number() OVER () AS place, bool_and(__found.active) OVER () AS only_active"
        " FROM (%s) AS __found) AS __value WHERE %s <> 1)",
        found,
        others,
    )


def _with_code(name, code):
    # Because of the offset, Postgres does not repeat the name's expression, which may be costly, at each use.
    return SQL(
        "(SELECT COALESCE('[' || NULLIF(__named.code, '') || '] ', '') || NULLIF(__named.name, '')"
        " FROM (SELECT %s AS name, %s AS code OFFSET 0) AS __named)",
        name,
        code,
    )


def country_state(model, alias, query):
    """res.country.state"""
    country, country_alias = joined(model, alias, model._fields["country_id"], query)
    code = _text(country, country_alias, "code", query)
    return SQL("(%s || ' (' || %s || ')')", _text(model, alias, "name", query), code)


def attribute_value(model, alias, query):
    """product.attribute.value, product.template.attribute.value"""
    attribute, attribute_alias = joined(model, alias, model._fields["attribute_id"], query)
    name = _text(attribute, attribute_alias, "name", query)
    return SQL("(%s || ': ' || %s)", name, _text(model, alias, "name", query))


def pricelist(model, alias, query):
    """product.pricelist; a pricelist without a name is not covered, because no form can save one"""
    currency, currency_alias = joined(model, alias, model._fields["currency_id"], query)
    name = SQL("COALESCE(NULLIF(%s, ''), %s)", _column(model, alias, "name", query), model.env._("New"))
    return SQL("(%s || ' (' || %s || ')')", name, _text(currency, currency_alias, "name", query))


def bank(model, alias, query):
    """res.bank"""
    name, bic = _column(model, alias, "name", query), _column(model, alias, "bic", query)
    return SQL("NULLIF(COALESCE(%s, '') || COALESCE(' - ' || NULLIF(%s, ''), ''), '')", name, bic)


def partner_bank(model, alias, query):
    """res.partner.bank"""
    other, other_alias = joined(model, alias, model._fields["bank_id"], query)
    return SQL(
        "(CASE WHEN %s IS NULL THEN NULLIF(%s, '') ELSE %s || ' - ' || %s END)",
        _column(model, alias, "bank_id", query),
        _column(model, alias, "acc_number", query),
        _text(model, alias, "acc_number", query),
        _text(other, other_alias, "name", query),
    )


def analytic_account(model, alias, query):
    """account.analytic.account"""
    partner_model, partner_alias = joined(model, alias, model._fields["partner_id"], query)
    commercial, commercial_alias = joined(
        partner_model, partner_alias, partner_model._fields["commercial_partner_id"], query
    )
    name = _column(model, alias, "name", query)
    text = SQL("COALESCE(%s, 'False')", name)
    code = SQL("'[' || NULLIF(%s, '') || '] '", _column(model, alias, "code", query))
    behind = SQL("' - ' || NULLIF(%s, '')", _column(commercial, commercial_alias, "name", query))
    return SQL(
        "(CASE WHEN %(code)s IS NULL AND %(behind)s IS NULL THEN NULLIF(%(name)s, '')"
        " ELSE COALESCE(%(code)s, '') || %(text)s || COALESCE(%(behind)s, '') END)",
        code=code,
        behind=behind,
        name=name,
        text=text,
    )


def account(model, alias, query):
    """account.account: its name after its code in the root company"""
    name = _column(model, alias, "name", query)
    if not model.env.user.has_group("account.group_account_readonly"):
        return SQL("NULLIF(%s, '')", name)
    top = model.with_company(model.env.company.root_id).sudo()
    code = SQL("NULLIF(%s, '')", _column(top, alias, "code_store", query))
    return SQL("COALESCE(%s || ' ' || %s, NULLIF(%s, ''))", code, _text(model, alias, "name", query), name)


def journal(model, alias, query):
    """account.journal"""
    currency, currency_alias = joined(model, alias, model._fields["currency_id"], query)
    company, company_alias = joined(model, alias, model._fields["company_id"], query)
    return SQL(
        "(CASE WHEN %(id)s IS NOT NULL AND %(id)s IS DISTINCT FROM %(usual)s THEN %(text)s || ' (' || %(other)s || ')'"
        " ELSE NULLIF(%(name)s, '') END)",
        id=_column(model, alias, "currency_id", query),
        usual=_column(company, company_alias, "currency_id", query),
        text=_text(model, alias, "name", query),
        other=_text(currency, currency_alias, "name", query),
        name=_column(model, alias, "name", query),
    )


def incoterm(model, alias, query):
    """account.incoterms"""
    code = SQL("COALESCE('[' || NULLIF(%s, '') || '] ', '')", _column(model, alias, "code", query))
    return SQL("(%s || %s)", code, _text(model, alias, "name", query))


def payment_method_line(model, alias, query):
    """account.payment.method.line"""
    other, other_alias = joined(model, alias, model._fields["journal_id"], query)
    return SQL(
        "(%s || ' (' || %s || ')')", _text(model, alias, "name", query), _text(other, other_alias, "name", query)
    )


def plain_name(model, alias, query):
    """stock.package"""
    return SQL("NULLIF(%s, '')", _column(model, alias, "name", query))


def purchase_order(model, alias, query):
    """purchase.order"""
    reference = SQL("COALESCE(' (' || NULLIF(%s, '') || ')', '')", _column(model, alias, "partner_ref", query))
    return SQL("(%s || %s)", _column(model, alias, "name", query), reference)


def location(model, alias, query):
    """stock.location"""
    parent, parent_alias = joined(model, alias, model._fields["location_id"], query)
    return SQL(
        "(CASE WHEN %s IS NOT NULL AND %s IS DISTINCT FROM 'view' THEN %s || '/' || %s ELSE NULLIF(%s, '') END)",
        _column(model, alias, "location_id", query),
        _column(model, alias, "usage", query),
        _text(parent, parent_alias, "complete_name", query),
        _text(model, alias, "name", query),
        _column(model, alias, model._rec_name, query),
    )


def picking_type(model, alias, query):
    """stock.picking.type"""
    warehouse, warehouse_alias = joined(model, alias, model._fields["warehouse_id"], query)
    return SQL(
        "(CASE WHEN %s IS NOT NULL THEN %s || ': ' || %s ELSE NULLIF(%s, '') END)",
        _column(model, alias, "warehouse_id", query),
        _text(warehouse, warehouse_alias, "name", query),
        _text(model, alias, "name", query),
        _column(model, alias, "name", query),
    )


def workorder(model, alias, query):
    """mrp.workorder"""
    production, production_alias = joined(model, alias, model._fields["production_id"], query)
    return SQL(
        "(%s || ' - ' || %s)", _text(production, production_alias, "name", query), _text(model, alias, "name", query)
    )


def field(model, alias, query):
    """ir.model.fields"""
    models = model.env["ir.model"].sudo()
    described = Query(model.env, "__model", SQL.identifier(models._table))
    described.add_where(SQL("%s = %s", SQL.identifier("__model", "model"), _column(model, alias, "model", query)))
    name = described.select(_text(models, "__model", "name", described))
    return SQL("(%s || ' (' || COALESCE((%s), 'False') || ')')", _text(model, alias, "field_description", query), name)


def tag(model, alias, query):
    """res.partner.category: its name after those of all categories above it"""
    name = _column(model, "__above", "name", query)
    parent = SQL.identifier("__above", "parent_id")
    table = SQL.identifier(model._table)
    return SQL(
        "(WITH RECURSIVE __names (name, up, depth) AS ("
        "SELECT %(name)s, %(parent)s, 1 FROM %(table)s AS __above WHERE __above.id = %(id)s"
        " UNION ALL SELECT %(name)s, %(parent)s, __names.depth + 1 FROM %(table)s AS __above"
        " JOIN __names ON __above.id = __names.up WHERE __names.depth < 100)"
        " SELECT NULLIF(string_agg(COALESCE(__names.name, ''), ' / ' ORDER BY __names.depth DESC), '') FROM __names)",
        name=name,
        parent=parent,
        table=table,
        id=_id(alias),
    )


def _column(model, alias, name, query):
    return column_to_sql(model, alias, model._fields[name], query)


def _text(model, alias, name, query):
    """The value, formatted as Python would."""
    return SQL("COALESCE(%s, 'False')", _column(model, alias, name, query))


def _id(alias):
    return SQL.identifier(alias, "id")
