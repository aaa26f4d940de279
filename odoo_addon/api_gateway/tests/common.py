import hashlib
import hmac
import json
import secrets
import time

from odoo.tests.common import HttpCase, new_test_user

UNRESTRICTED = {"scopes": None, "models": None}


class ChannelCase(HttpCase):
    """Speaks to the executor as a sidecar does: over HTTP, with signed bodies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.caller = new_test_user(cls.env, "gateway_caller", groups="base.group_user,base.group_partner_manager")
        cls.partner = cls.env["res.partner"].create({"name": "Gateway Partner", "email": "partner@example.com"})
        cls.env.cr.execute(
            "select gateway.database_uuid(), encode(value, 'hex') from gateway.secrets('channel') limit 1"
        )
        cls.uuid, secret = cls.env.cr.fetchone()
        cls.secret = bytes.fromhex(secret)

    def call(self, *operations, uid=None, context=None, grant=None, address="203.0.113.7"):
        return {
            "request_id": "test",
            "uid": uid or self.caller.id,
            "address": address,
            "context": context or {},
            "grant": grant or UNRESTRICTED,
            "operations": list(operations),
        }

    def body(self, path, calls, **changed):
        now = int(time.time() * 1000)
        body = {
            "v": 1,
            "path": path,
            "time": now,
            "database": self.uuid,
            "nonce": secrets.token_urlsafe(16),
            "deadline": now + 30_000,
            "calls": calls,
        }
        return json.dumps({**body, **changed}).encode()

    def post(self, path, raw, signature=None):
        self.env.flush_all()
        signature = signature or self.signature(raw)
        headers = {
            "Content-Type": "application/json",
            "X-Odoo-Database": self.env.cr.dbname,
            "X-Gateway-Signature": signature,
        }
        response = self.url_open(path, data=raw, headers=headers)
        self.env.invalidate_all(flush=False)
        return response

    def signature(self, raw, secret=None):
        return "v1=" + hmac.new(secret or self.secret, raw, hashlib.sha256).hexdigest()

    def read_calls(self, *calls, **changed):
        """The results of several calls on the reading path."""
        response = self.post("/gateway/read", self.body("/gateway/read", list(calls), **changed))
        self.assertEqual(response.status_code, 200, response.text)
        return response.json()["results"]

    def query(self, *operations, **call):
        [answer] = self.read_calls(self.call(*operations, **call))
        return answer

    def execute(self, *operations, **call):
        response = self.post("/gateway/execute", self.body("/gateway/execute", [self.call(*operations, **call)]))
        self.assertEqual(response.status_code, 200, response.text)
        [answer] = response.json()["results"]
        return answer

    def assert_ok(self, answer):
        """The result of the only operation."""
        self.assertTrue(answer["ok"], answer)
        return answer["results"][0]

    def assert_refused(self, answer, reason, *words):
        """Checks that the operation is refused with these words in its message. Returns the error."""
        self.assertFalse(answer["ok"], answer)
        self.assertEqual(answer["error"]["reason"], reason, answer)
        for word in words:
            self.assertIn(word, answer["error"]["message"])
        return answer["error"]


def in_ms(left_ms):
    """A deadline."""
    return int(time.time() * 1000) + left_ms


def search(model, domain=(), **options):
    return {"op": "search", "model": model, "domain": list(domain), "limit": 80, "offset": 0, **options}


def read(model, ids, **options):
    return {"op": "read", "model": model, "ids": list(ids), **options}


def create(model, *values, **options):
    return {"op": "create", "model": model, "values": list(values), **options}


def write(model, ids, values, **options):
    return {"op": "write", "model": model, "ids": list(ids), "values": values, **options}


def method(model, name, *args, **kwargs):
    return {"op": "call", "model": model, "method": name, "args": list(args), "kwargs": kwargs}


def tree(*paths):
    """Converts dotted paths into a tree of fields."""
    root = {}
    for path in paths:
        node = root
        *parents, name = path.split(".")
        for parent in parents:
            node = node.setdefault(parent, {}).setdefault("fields", {})
        node.setdefault(name, {})
    return root
