import re

from lxml import etree

from odoo import api, models
from odoo.tools import ormcache

CLICKABLE = re.compile(r"[\'\"]clickable[\'\"]\s*:\s*[\'\"]?(?:1|true)\b", re.IGNORECASE)
ALWAYS = ("1", "True", "true")


class IrUiView(models.Model):
    _inherit = "ir.ui.view"

    @api.model
    @ormcache("model_name", "path", "self.env.user._get_group_ids()", cache="templates")
    def _gateway_lets_write(self, model_name, path):
        """Whether the form of a model lets the user write a field, at least in some cases.

        :param tuple path: the names of the enclosing x2many fields, then the field's own"""
        model = self.env[model_name]
        field = model._fields[path[0]]
        for name in path[1:]:
            field = self.env[field.comodel_name]._fields[name]
        form = etree.fromstring(model.get_view(view_type="form")["arch"])
        return any(
            _is_editable(node, field)
            for node in form.iter("field")
            if node.get("name") == path[-1] and _path(node) == path
        )


def _path(node):
    return tuple(reversed([node.get("name"), *(parent.get("name") for parent in node.iterancestors("field"))]))


def _is_editable(node, field):
    if node.get("invisible") in ALWAYS or node.get("column_invisible") in ALWAYS:
        return False
    if "statusbar" in node.get("widget", "") and not CLICKABLE.search(node.get("options", "")):
        return False
    readonly = node.get("readonly")
    return not field.readonly if readonly is None else readonly not in ALWAYS
