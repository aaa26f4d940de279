import re
from io import BytesIO

import polib

from odoo.modules import Manifest
from odoo.tests import TransactionCase, tagged
from odoo.tools import file_path
from odoo.tools.translate import trans_export

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|</?\w+")


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    def exported(self):
        buffer = BytesIO()
        trans_export(False, ["api_gateway"], buffer, "po", self.env)
        return {entry.msgid for entry in polib.pofile(buffer.getvalue().decode())}

    def shipped(self, name):
        return polib.pofile(file_path(f"api_gateway/i18n/{name}"))

    def test_the_template_contains_every_string(self):
        exported = self.exported()
        self.assertGreater(len(exported), 300, "the export found nothing")
        template = {entry.msgid for entry in self.shipped("api_gateway.pot")}
        self.assertEqual(exported - template, set(), "run: npm run i18n")

    def test_no_french_string_is_missing(self):
        french = {entry.msgid: entry for entry in self.shipped("fr.po")}
        missing = [msgid for msgid in self.exported() if msgid not in french or not french[msgid].translated()]
        self.assertEqual(missing, [], "run npm run i18n, then fill in i18n/fr.po")

    def test_translations_keep_placeholders_and_markup(self):
        for entry in self.shipped("fr.po"):
            with self.subTest(entry.msgid):
                found = [sorted(PLACEHOLDER.findall(text)) for text in (entry.msgid, entry.msgstr)]
                self.assertEqual(*found)

    def test_french_is_shown_once_its_language_is_loaded(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["ir.module.module"]._load_module_terms([Manifest.for_addon("api_gateway").name], ["fr_FR"])
        menu = self.env.ref("api_gateway.menu_traffic")
        self.assertNotEqual(menu.with_context(lang="fr_FR").name, menu.with_context(lang="en_US").name)
