from odoo.tests import tagged

from .common import ChannelCase, create, method

QWEB = (
    """<t t-set="x" t-value="object.env['res.partner'].sudo().create({'name': 'run'})"/><t t-out="object.env.user"/>"""
)
INLINE = "{{ object.env['res.partner'].sudo().create({'name': 'run'}) }}"


@tagged("post_install", "-at_install")
class TestDynamicTexts(ChannelCase):
    """Expressions in text are code. If a narrowed credential wrote them, they are never run, not even for an
    administrator."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")
        cls.partners = cls.partner + cls.partner.copy({"name": "Second"})

    def act(self, operation, *scopes):
        grant = {"scopes": list(scopes), "models": None} if scopes else None
        return self.execute(operation, uid=self.admin.id, grant=grant)

    def ran(self):
        self.env.invalidate_all()
        return bool(self.env["res.partner"].search_count([("name", "=", "run")]))

    def test_expressions_in_wizards_that_send(self):
        mail = {"model": "res.partner", "res_ids": str(self.partners.ids), "composition_mode": "mass_mail"}
        sms = {"res_model": "res.partner", "res_ids": str(self.partners.ids), "composition_mode": "mass"}
        for model, send, base, plain, texts in (
            (
                "mail.compose.message",
                "action_send_mail",
                mail,
                {"subject": "s", "body": "<p>b</p>"},
                (
                    {"body": QWEB},
                    {"body": '<p t-att-title="object.env">b</p>'},
                    {"subject": INLINE},
                    {"email_from": INLINE},
                    {"reply_to": INLINE, "reply_to_force_new": True},
                    {"lang": INLINE},
                ),
            ),
            ("sms.composer", "action_send_sms", sms, {"body": "b"}, ({"body": INLINE},)),
        ):
            scopes = (f"{model}:write", f"{model}:call", "res.partner:read")
            for changed in ({}, *texts):
                with self.subTest(model, **changed):
                    values = {**base, **plain, **changed}
                    [id_] = self.assert_ok(self.act(create(model, values), *scopes))["ids"]
                    answer = self.act(method(model, send, [id_]), *scopes)
                    if changed:
                        self.assert_refused(answer, "odoo.exposure", "dynamic content")
                    else:
                        self.assert_ok(answer)
                    self.assertFalse(self.ran())

    def test_expressions_in_stored_templates_still_work(self):
        template = self.env["mail.template"].create(
            {
                "name": "T",
                "model_id": self.env["ir.model"]._get("res.partner").id,
                "subject": "{{ object.env.user.id }}",
                "email_from": "{{ object.env.user.email_formatted }}",
                "body_html": '<p><t t-out="object.env.user.id"/></p>',
            }
        )
        scopes = ("mail.compose.message:write", "mail.compose.message:call", "mail.template:call", "res.partner:read")
        self.assert_ok(self.act(method("mail.template", "send_mail", template.ids, self.partner.id), *scopes))
        values = {
            "model": "res.partner",
            "res_ids": str(self.partners.ids),
            "composition_mode": "mass_mail",
            "template_id": template.id,
        }
        read = (*scopes, "mail.template:read")
        [id_] = self.assert_ok(self.act(create("mail.compose.message", values), *read))["ids"]
        self.assert_ok(self.act(method("mail.compose.message", "action_send_mail", [id_]), *read))
        changed = {**values, "body": QWEB}
        [id_] = self.assert_ok(self.act(create("mail.compose.message", changed), *read))["ids"]
        self.assert_refused(self.act(method("mail.compose.message", "action_send_mail", [id_]), *read), "odoo.exposure")
        self.assertFalse(self.ran())

    def test_expressions_of_a_credential_that_is_not_narrowed(self):
        values = {
            "model": "res.partner",
            "res_ids": str(self.partners.ids),
            "composition_mode": "mass_mail",
            "subject": INLINE,
            "body": "b",
        }
        [id_] = self.assert_ok(self.act(create("mail.compose.message", values)))["ids"]
        self.assert_ok(self.act(method("mail.compose.message", "action_send_mail", [id_])))
        self.assertTrue(self.ran())

    def test_text_stored_to_be_rendered_later(self):
        """None of Odoo's code stores such text for a narrowed credential, not even as superuser."""
        templates = type(self.env["res.partner"])
        templates.gateway_text = lambda records, text: (
            records.env["mail.render.mixin"].sudo()._render_template(text, "res.partner", records.ids)[records.id]
        )
        self.addCleanup(delattr, templates, "gateway_text")
        call = method("res.partner", "gateway_text", self.partner.ids, INLINE)
        self.assert_refused(self.act(call, "res.partner:call"), "odoo.exposure", "dynamic content")
        self.assertFalse(self.ran())
        for values in ({"tip_description": QWEB}, {"name": "x"}):
            self.assert_refused(
                self.act(create("digest.tip", {"name": "n", **values}), "digest.tip:write"), "odoo.exposure"
            )
        self.env["digest.tip"].create({"name": "n", "tip_description": '<p><t t-out="object.env.user.id"/></p>'})
        digest = self.env["digest.digest"].create({"name": "D", "user_ids": self.admin.ids})
        self.assert_ok(self.act(method("digest.digest", "action_send_manual", digest.ids), "digest.digest:call"))
