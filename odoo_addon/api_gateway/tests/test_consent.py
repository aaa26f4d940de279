"""Consent to apps: the rights to give, see and end it, and forged requests. The whole flow is in
test/http/oauth_code.test.ts."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, new_test_user, tagged

from ..models.gateway_app import is_redirect_uri
from ..tools.consent_request import read_request

CALLBACK = "https://app.example.com/callback"


@tagged("-at_install", "post_install")
class TestConsent(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "base.group_user,api_gateway.group_user"
        cls.alice = new_test_user(cls.env, "consent_alice", groups=groups)
        cls.bob = new_test_user(cls.env, "consent_bob", groups=groups)
        cls.manager = new_test_user(cls.env, "consent_manager", groups="base.group_user,api_gateway.group_manager")
        cls.env.cr.execute("select kid, value from gateway.secrets('consent') limit 1")
        cls.kid, cls.secret = cls.env.cr.fetchone()
        cls.env.cr.execute("select gateway.database_uuid()")
        [cls.uuid] = cls.env.cr.fetchone()

    def signed(self, head=None, secret=None, **changed):
        claims = {
            "client_id": "app_0123456789abcdef",
            "name": "Helper",
            "source": "registered",
            "redirect_uri": CALLBACK,
            "challenge": "x" * 43,
            "scopes": ["read", "write"],
            "resource": None,
            "issuer": "https://api.example.com",
            "aud": self.uuid,
            "exp": int(time.time()) + 60,
            **changed,
        }
        head = {"alg": "HS256", "typ": "consent+jwt", "kid": self.kid, **(head or {})}
        body = ".".join(_encoded(json.dumps(part).encode()) for part in (head, claims))
        return f"{body}.{_encoded(hmac.digest(bytes(secret or self.secret), body.encode(), hashlib.sha256))}"

    def test_only_requests_that_a_sidecar_signed_for_this_database_are_read(self):
        self.assertEqual(read_request(self.env.cr, self.signed())["name"], "Helper")
        forged = {
            "another secret": self.signed(secret=b"x" * 32),
            "no algorithm": self.signed(head={"alg": "none"}),
            "a token of another kind": self.signed(head={"typ": "JWT"}),
            "an unknown secret": self.signed(head={"kid": "x"}),
            "another database": self.signed(aud="x"),
            "too old": self.signed(exp=int(time.time()) - 1),
            "no parts": "x",
            "JSON that is not an object": ".".join([_encoded(b"1"), _encoded(b"2"), "x"]),
            "too long": self.signed(name="x" * 8_000),
            "nothing": None,
        }
        for name, text in forged.items():
            with self.subTest(name):
                self.assertIsNone(read_request(self.env.cr, text))

    def test_users_see_and_end_their_own_and_managers_all(self):
        agreement = read_request(self.env.cr, self.signed())
        apps = self.env["gateway.connected.app"]
        mine, _code = apps.with_user(self.alice)._allow(agreement, ["read"], self.alice.company_id)
        theirs, _code = apps.with_user(self.bob)._allow(agreement, ["read"], self.bob.company_id)
        both = mine.sudo() | theirs.sudo()
        seen = [apps.with_user(user).search([("id", "in", both.ids)]) for user in (self.alice, self.bob, self.manager)]
        self.assertEqual([found.ids for found in seen], [mine.ids, theirs.ids, sorted(both.ids, reverse=True)])
        page = self.env["gateway.key.page"]
        listed = [
            {app["id"] for app in page.with_user(user).apps(everyone)} & set(both.ids)
            for user, everyone in ((self.alice, False), (self.alice, True), (self.manager, False), (self.manager, True))
        ]
        self.assertEqual(listed, [set(mine.ids), set(mine.ids), set(), set(both.ids)])
        with self.assertRaises(AccessError):
            theirs.with_user(self.alice).action_revoke()
        for values in ({"scopes": "read write"}, {"revoked_at": False}, {"company_id": False}):
            with self.assertRaises(AccessError):
                mine.with_user(self.manager).write(values)
        with self.assertRaises(AccessError):
            apps.with_user(self.manager).create({"name": "x", "user_id": self.bob.id})
        mine.with_user(self.alice).action_revoke()
        theirs.with_user(self.manager).action_revoke()
        self.assertTrue(all(both.mapped("revoked_at")))
        self.assertFalse({app["id"] for app in page.with_user(self.manager).apps(True)} & set(both.ids))

    def test_only_managers_administer_registered_apps(self):
        apps = self.env["gateway.app"]
        app = apps.with_user(self.manager).create({"name": "Helper", "redirect_uris": CALLBACK})
        self.assertRegex(app.client_id, r"^app_[0-9a-f]{16}$")
        with self.assertRaises(UserError):
            app.client_id = "app_0000000000000000"
        with self.assertRaises(ValidationError):
            app.redirect_uris = "http://app.example.com/"
        with self.assertRaises(AccessError):
            apps.with_user(self.alice).create({"name": "x", "redirect_uris": CALLBACK})

    def test_redirect_uris(self):
        cases = json.loads(Path(__file__).with_name("redirect_cases.json").read_text(encoding="utf-8"))
        self.assertEqual([uri for uri in cases["good"] if not is_redirect_uri(uri)], [])
        self.assertEqual([uri for uri in cases["bad"] if is_redirect_uri(uri)], [])

    def test_the_page_is_shown_and_decided_on_by_users_of_the_gateway(self):
        address = f"/api_gateway/consent?request={self.signed()}"
        self.assertIn("/web/login", self.url_open(address, allow_redirects=False).headers["Location"])
        new_test_user(self.env, "consent_outsider", groups="base.group_user")
        self.authenticate("consent_outsider", "consent_outsider")
        self.assertEqual(self.url_open(address).status_code, 403)
        self.authenticate("consent_alice", "consent_alice")
        shown = self.url_open(address)
        self.assertEqual(shown.headers["X-Frame-Options"], "DENY")
        self.assertIn("frame-ancestors 'none'", shown.headers["Content-Security-Policy"])
        without = {"request": self.signed(), "decision": "allow", "scope": "read"}
        self.assertEqual(self.url_open("/api_gateway/consent", data=without, allow_redirects=False).status_code, 400)
        self.assertFalse(self.env["gateway.connected.app"].search([("user_id", "=", self.alice.id)]))


def _encoded(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
