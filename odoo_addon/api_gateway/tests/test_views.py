import re
from pathlib import Path

from odoo.modules import get_module_path
from odoo.tests import TransactionCase, tagged

NAMED = re.compile(r"""<field\b[^>]*?\swidget="(\w+)\"""")
ADDED = re.compile(r"""category\(["']fields["']\)\s*\.add\(\s*["']([\w.]+)["']""")


@tagged("post_install", "-at_install")
class TestViews(TransactionCase):
    def test_each_widget_of_a_field_exists(self):
        """If a widget does not exist, Odoo shows the field without it, and says so only in the browser's console."""
        known = set()
        for module in self.env["ir.module.module"].search([("state", "=", "installed")]).mapped("name"):
            for script in Path(get_module_path(module), "static/src").rglob("*.js"):
                # Some widgets are for one kind of view only, such as `list.many2one`.
                known.update(name.rpartition(".")[2] for name in ADDED.findall(script.read_text()))
        ours = self.env["ir.model.data"].search([("module", "=", "api_gateway"), ("model", "=", "ir.ui.view")])
        views = self.env["ir.ui.view"].browse(ours.mapped("res_id"))
        named = {widget for view in views for widget in NAMED.findall(view.arch)}
        self.assertGreater(len(named), 5)
        self.assertEqual(named - known, set())

    def test_each_list_has_cards_for_phones(self):
        ours = self.env["ir.model.data"].search(
            [("module", "=", "api_gateway"), ("model", "=", "ir.actions.act_window")]
        )
        lists = [
            action.view_mode.split(",")
            for action in self.env["ir.actions.act_window"].browse(ours.mapped("res_id"))
            if "list" in action.view_mode
        ]
        self.assertGreater(len(lists), 10)
        self.assertEqual([modes for modes in lists if "kanban" not in modes], [])
