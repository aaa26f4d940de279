"""Run in Odoo's shell: classifies the methods with which Odoo's modules override the ORM's own, for compiled reads
(odoo_addon/api_gateway/executor/compiling/overrides.py).

A test lists methods that are new in an Odoo version, or whose source has changed. Read each of them, then classify it
below by its name. Reads that depend on any other method go through Odoo. The environment variable
KNOWN_METHODS is the path of the file that this script writes, `known_methods.json` beside `overrides.py`."""

import json
import os

from odoo.addons.api_gateway.executor.compiling import overrides

# Methods that depend only on their arguments and on context keys that no call sets. The SQL has their whole effect.
PURE = """
AccountAccount._field_to_sql
AccountAccount._order_to_sql
AccountAccountTag._field_to_sql
AccountMove._field_to_sql
AccountMoveLine._field_to_sql
CrmLead._field_to_sql
HrEmployee._check_access
HrEmployee._field_to_sql
HrEmployee._has_field_access
HrSkill._compute_display_name
MrpWorkcenter._compute_display_name
ProductCategory._compute_display_name
ProductProduct._search
ProductTemplate._search_display_name
ProductUom._compute_display_name
ProjectMilestone._compute_display_name
ProjectProject._order_field_to_sql
ProjectTask._has_field_access
PropertiesBaseDefinitionMixin._field_to_sql
ResBank._search_display_name
ResCompany._search_display_name
ResGroups._search
ResUsers._has_field_access
SaleOrder._compute_display_name
StockPackageType._compute_display_name
StockPickingType._order_field_to_sql
StockQuant._search
UomUom._compute_display_name
odoo.addons.account.models.res_partner_bank.ResPartnerBank._compute_display_name
odoo.addons.crm.models.res_users.ResUsers._compute_display_name
odoo.addons.website.models.ir_ui_view.IrUiView._compute_display_name
odoo.addons.website.models.res_partner.ResPartner._compute_display_name
"""
OTHERS = {
    "AccountAccount._compute_display_name": "recipe account",
    "AccountAnalyticAccount._compute_display_name": "recipe analytic_account",
    "AccountIncoterms._compute_display_name": "recipe incoterm",
    "AccountJournal._compute_display_name": "recipe journal",
    "AccountPaymentMethodLine._compute_display_name": "recipe payment_method_line",
    "HrEmployee._compute_display_name": "pure for readers",
    "HrEmployee._search": "pure for readers",
    "HrEmployee.fetch": "pure for readers",
    "IrModelFields._compute_display_name": "recipe field",
    "MrpWorkorder._compute_display_name": "recipe workorder",
    "ProductAttributeValue._compute_display_name": "recipe attribute_value",
    "ProductPricelist._compute_display_name": "recipe pricelist",
    "ProductProduct._compute_display_name": "recipe product",
    "ProductProduct._search_display_name": "pure for like",
    "ProductTemplate._compute_display_name": "recipe template",
    "ProductTemplateAttributeValue._compute_display_name": "recipe attribute_value",
    "PurchaseOrder._compute_display_name": "recipe purchase_order",
    "ResBank._compute_display_name": "recipe bank",
    "ResCountryState._compute_display_name": "recipe country_state",
    "ResPartner._compute_display_name": "recipe partner",
    "ResPartnerCategory._compute_display_name": "recipe tag",
    "StockLocation._compute_display_name": "recipe location",
    "StockPackage._compute_display_name": "recipe plain_name",
    "StockPickingType._compute_display_name": "recipe picking_type",
    "odoo.addons.base.models.res_bank.ResPartnerBank._compute_display_name": "recipe partner_bank",
}
# Search methods of fields without a column. They are looked up one by one; reads with unknown ones go through Odoo.
SEARCHES = {"mail.thread": ["message_partner_ids"]}


def main(env):
    methods = overrides.named_methods(env.registry)
    for model, fields in SEARCHES.items():
        for name in fields:
            function = getattr(env.registry[model], env[model]._fields[name].search)
            methods[f"{function.__module__}.{function.__qualname__}"] = function
    with open(os.environ["KNOWN_METHODS"]) as file:
        known = {entry["method"]: entry for entry in json.load(file)}
    for name, function in methods.items():
        known[name] = {"method": name, "sha256": overrides.source_hash(function), "is": said_of(name)}
    with open(os.environ["KNOWN_METHODS"], "w") as file:
        json.dump([known[name] for name in sorted(known)], file, indent=2)
        file.write("\n")


def said_of(name):
    short = ".".join(name.split(".")[-2:])
    if name.split(".")[-1].startswith("_search_message") or {name, short} & set(PURE.split()):
        return "pure"
    return OTHERS.get(name) or OTHERS.get(short) or "odoo"


main(env)  # noqa: F821  Odoo's shell provides it
