from odoo.tests import tagged

from ..executor.state import _states
from .common import ChannelCase, create, method, read, search, tree, write

TAG = "res.partner.category"


@tagged("post_install", "-at_install")
class TestLanguages(ChannelCase):
    """Values are never written in a language that the caller has not chosen."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for code in ("fr_FR", "fr_CA", "sr@latin", "zh_CN", "zh_TW"):
            cls.env["res.lang"]._activate_lang(code)
        cls.caller.lang = "fr_FR"
        cls.tag = cls.env[TAG].create({"name": "Gateway"})
        cls.write_rights = cls.env["ir.model.access"].create(
            {
                "name": "tags",
                "model_id": cls.env["ir.model"]._get_id(TAG),
                **{f"perm_{right}": True for right in ("read", "write", "create", "unlink")},
            }
        )

    def names(self):
        return {code: self.tag.with_context(lang=code).name for code in ("en_US", "fr_FR", "fr_CA")}

    def reset(self):
        for code in ("fr_FR", "fr_CA", "en_US"):
            self.tag.with_context(lang=code).name = code

    def test_writes_use_the_users_language_or_the_chosen_one(self):
        browser = {"languages": ["fr-CA", "en-US"]}
        named = {"context": {"lang": "en_US"}}
        writes = (
            ("records", lambda name: write(TAG, self.tag.ids, {"name": name}, fields=tree("name"))),
            ("/call", lambda name: method(TAG, "write", self.tag.ids, {"name": name})),
            ("web client", lambda name: method(TAG, "web_save", self.tag.ids, {"name": name}, {"name": {}})),
        )
        for context, written, answered in (
            ({}, "fr_FR", "fr-FR"),
            (browser, "fr_FR", "fr-FR"),
            ({"lang": "fr_CA"}, "fr_CA", "fr-CA"),
            ({**browser, "lang": "en-us"}, "en_US", "en-US"),
        ):
            for label, operation in writes:
                with self.subTest(label, context=context):
                    self.reset()
                    answer = self.execute(operation("new"), context=context)
                    self.assert_ok(answer)
                    self.assertEqual(answer["languages"], [answered])
                    self.assertEqual([code for code, name in self.names().items() if name == "new"], [written])
        self.reset()
        answer = self.execute(method(TAG, "write", self.tag.ids, {"name": "new"}, **named), context={"lang": "fr_CA"})
        self.assertEqual(answer["languages"], ["en-US"])
        self.assertEqual(self.names(), {"en_US": "new", "fr_FR": "fr_FR", "fr_CA": "fr_CA"})

    def test_a_batch_that_writes_ignores_the_browsers_language(self):
        self.reset()
        reading = search(TAG, [["id", "=", self.tag.id]], fields=tree("name"))
        for operations, shown in (
            ([reading], "fr_CA"),
            ([reading, method(TAG, "name_search", "fr")], "fr_CA"),
            ([reading, write(TAG, self.tag.ids, {"color": 2})], "fr_FR"),
            ([reading, method(TAG, "name_create", "more")], "fr_FR"),
        ):
            answer = self.execute(*operations, context={"languages": ["fr-CA"]})
            self.assertEqual(answer["results"][0]["records"][0]["name"], shown, operations)
            self.assertEqual(answer["languages"], [shown.replace("_", "-")])

    def test_reads_use_the_preferred_language_or_the_users(self):
        self.reset()
        for languages, shown in (
            (None, "fr_FR"),
            (["fr-CA"], "fr_CA"),
            (["de", "fr_CA"], "fr_CA"),
            (["fr-BE"], "fr_FR"),
            (["de"], "fr_FR"),
            (["en"], "en_US"),
            (["*", 7, "", "fr--", "en_GB"], "en_US"),
        ):
            context = {} if languages is None else {"languages": languages}
            for operation in (
                read(TAG, self.tag.ids, fields=tree("name")),
                method(TAG, "search_read", [["id", "=", self.tag.id]], ["name"]),
            ):
                answer = self.execute(operation, context=context)
                records = self.assert_ok(answer)
                [record] = records if type(records) is list else records["records"]
                self.assertEqual(record["name"], shown, languages)
                self.assertEqual(answer["languages"], [shown.replace("_", "-")])

    def test_a_language_is_named_as_the_standard_or_odoo_writes_it(self):
        operation = read(TAG, self.tag.ids, fields=tree("name"))
        for text, answered in (
            ("fr_FR", "fr-FR"),
            ("fr-fr", "fr-FR"),
            ("FR", "fr-FR"),
            ("fr_FR.UTF-8", "fr-FR"),
            ("fr-CA", "fr-CA"),
            ("sr@latin", "sr-Latn"),
            ("sr-Latn", "sr-Latn"),
            ("sr-Latn-RS", "sr-Latn"),
            ("zh-Hans", "zh-CN"),
            ("zh-Hans-CN", "zh-CN"),
            ("zh", "zh-CN"),
            ("zh-Hant", "zh-TW"),
            ("en", "en-US"),
        ):
            for context, call in ({"lang": text}, operation), ({}, self.called(text)):
                answer = self.execute(call, context=context)
                self.assertTrue(answer["ok"], answer)
                self.assertEqual(answer["languages"], [answered], text)
        for text in (
            "xx",
            "fr-BE",
            "sr",
            "sr-Cyrl",
            "zh-HK",
            "de_DE",
            "french",
            "fr_FR,en",
            "fr-",
            "x" * 10_000,
            7,
            ["fr_FR"],
        ):
            for context, call in ({"lang": text}, operation), ({}, self.called(text)):
                error = self.assert_refused(self.execute(call, context=context), "odoo.arguments", "fr_FR")
                self.assertEqual(
                    set(error["details"]["installed"]), {"en_US", "fr_CA", "fr_FR", "sr@latin", "zh_CN", "zh_TW"}
                )

    def called(self, language):
        return method(TAG, "read", self.tag.ids, ["name"], context={"lang": language})

    def test_an_ambiguous_language_means_the_users_or_is_refused(self):
        self.env["res.lang"]._activate_lang("zh_HK")
        operation = read(TAG, self.tag.ids, fields=tree("name"))
        error = self.assert_refused(self.query(operation, context={"lang": "zh-Hant"}), "odoo.arguments", "several")
        self.assertEqual(set(error["details"]["installed"]), {"zh_HK", "zh_TW"})
        self.caller.lang = "zh_HK"
        self.assertEqual(self.query(operation, context={"lang": "zh-Hant"})["languages"], ["zh-HK"])

    def test_a_new_record_has_its_name_in_every_language(self):
        created = self.assert_ok(self.execute(create(TAG, {"name": "nouveau"}), context={"languages": ["en-US"]}))
        new = self.env[TAG].browse(created["ids"])
        self.assertEqual([new.with_context(lang=code).name for code in ("en_US", "fr_FR")], ["nouveau", "nouveau"])

    def test_without_a_language_in_the_context_the_users_applies(self):
        for nothing in (False, None, ""):
            self.reset()
            operation = method(TAG, "write", self.tag.ids, {"name": "new"}, context={"lang": nothing, "tz": nothing})
            self.assert_ok(self.execute(operation))
            self.assertEqual([code for code, name in self.names().items() if name == "new"], ["fr_FR"])

    def test_the_users_language_applies_even_if_users_are_never_exposed(self):
        self.env.cr.execute("insert into gateway.never_exposed (pattern) values ('res.*')")
        self.env.registry.clear_cache()
        _states.clear()
        self.addCleanup(_states.clear)
        self.assertEqual(self.query({"op": "models"})["languages"], ["fr-FR"])

    def test_terms_of_html_keep_their_translations_if_the_text_stays(self):
        """Tests the rule that the guide describes."""
        view = self.env["ir.ui.view"].create(
            {"name": "v", "type": "qweb", "arch_db": "<div><p>First text</p><p>Second text</p></div>"}
        )
        view.update_field_translations("arch_db", {"fr_FR": {"First text": "Premier", "Second text": "Deuxième"}})
        administrator = {"uid": self.env.ref("base.user_admin").id}
        changed = "<div><p>First text</p><b>Something else</b></div>"
        self.assert_ok(self.execute(write("ir.ui.view", view.ids, {"arch_db": changed}), **administrator))
        self.assertEqual(view.with_context(lang="fr_FR").arch_db, "<div><p>Premier</p><b>Something else</b></div>")
