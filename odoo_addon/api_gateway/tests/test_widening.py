"""Changes that extend another user's credential in non-obvious ways."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests.common import tagged

from .test_asker import AskerCase


@tagged("post_install", "-at_install")
class TestHiddenWidening(AskerCase):
    def test_addresses_and_scopes_in_another_form(self):
        for before, values in (
            # The sidecar treats the new addresses as IPv4 addresses, which ::/0 does not allow.
            ({"ip_list": "::/0"}, {"ip_list": "::ffff:10.0.0.0/104"}),
            ({"ip_list": "::/0"}, {"ip_list": "::ffff:10.0.0.1"}),
            ({"ip_list": "10.0.0.0/9"}, {"ip_list": "10.0.0.0/8"}),
            ({"ip_list": "10.0.0.0/9"}, {"ip_list": " ,\n"}),
            ({"scopes": "order:read"}, {"scopes": "x_order:read"}),
            ({"scopes": "products_read"}, {"scopes": "read"}),
            ({"scopes": "products_read"}, {"scopes": "products_write"}),
        ):
            for model in ("gateway.key", "gateway.client"):
                credential = self.env[model].create({"name": "Admin's", "user_id": self.admin.id, **before})
                as_manager = credential.with_user(self.manager)
                self.refused(lambda: as_manager.write(values), name=(model, values))  # noqa: B023
            profile = self.env["gateway.profile"].create({"name": "Admin's", **before, "user_ids": self.admin.ids})
            self.refused(lambda: profile.with_user(self.manager).write(values), name=("profile", values))  # noqa: B023
            profile.user_ids = False
        key = self.key(self.admin, ip_list="10.0.0.0/8", scopes="read").with_user(self.manager)
        key.write({"ip_list": "::ffff:10.0.0.0/112, 10.7.7.7"})
        key.write({"scopes": "products_read res.partner:read"})

    def test_a_manager_cannot_take_a_profile_from_a_user_with_commands(self):
        narrow, wide = self.env["gateway.profile"].create([{"name": "Narrow", "scopes": "read"}, {"name": "Wide"}])
        values = {"name": "Admin's", "user_id": self.admin.id, "profile_id": narrow.id}
        key, client = self.env["gateway.key"].create(values), self.env["gateway.client"].create(values)
        clerk = self.manager.copy(
            {"login": "clerk", "group_ids": [Command.set(self.env.ref("base.group_erp_manager").ids)]}
        )
        mine, other = narrow.with_user(self.manager), wide.with_user(self.manager)
        for name, attempt in {
            "unlinked": lambda: mine.write({"key_ids": [Command.unlink(key.id)]}),
            "cleared": lambda: mine.write({"client_ids": [Command.clear()]}),
            "updated": lambda: mine.write({"key_ids": [Command.update(key.id, {"profile_id": wide.id})]}),
            "linked elsewhere": lambda: other.write({"key_ids": [Command.link(key.id)]}),
            "set elsewhere": lambda: other.write({"client_ids": [Command.set(client.ids)]}),
        }.items():
            self.refused(attempt, name=name)
        self.admin.gateway_profile_id = narrow
        self.refused(
            lambda: self.admin.with_user(clerk).write({"gateway_profile_id": False}), name="by an editor of users"
        )

    def test_only_administrators_may_change_a_resource_that_is_in_others_scopes(self):
        resources = self.env["gateway.resource"]
        values = {"label": "Thing", "model_name": "res.partner.category"}
        nested = resources.create({"name": "tags", "is_nested": True, **values})
        line = {"name": "tags", "field_name": "child_ids", "nested_id": nested.id}
        things, spare, free = resources.create(
            [{"name": name, **values, "line_ids": [Command.create(line)]} for name in ("things", "spare", "free")]
        )
        free.line_ids.nested_id = False
        profile = self.env["gateway.profile"].create({"name": "Shop"})
        for holder in ("gateway.key", "gateway.client", "gateway.profile"):
            if holder == "gateway.profile":
                self.env["gateway.key"].create(
                    {"name": "By profile", "user_id": self.other.id, "profile_id": profile.id}
                )
                held = profile
            else:
                held = self.env[holder].create({"name": "Shop", "user_id": self.admin.id})
            held.scopes = "res.partner:read things_read gone_read"
            mine = things.with_user(self.manager)
            for name, attempt in {
                "model": lambda: mine.write({"model_name": "res.users"}),  # noqa: B023
                "domain": lambda: mine.write({"domain": "[('id', '>', 0)]"}),  # noqa: B023
                "field": lambda: mine.write({"line_ids": [Command.create({"name": "x", "field_name": "name"})]}),  # noqa: B023
                "its field": lambda: mine.line_ids.write({"field_name": "display_name"}),  # noqa: B023
                "nested": lambda: nested.with_user(self.manager).write({"model_name": "res.users"}),
                "nested field": lambda: (
                    self.env["gateway.resource.line"]
                    .with_user(self.manager)
                    .create({"resource_id": nested.id, "name": "x", "field_name": "name"})
                ),
                "moved field": lambda: free.line_ids.with_user(self.manager).write(
                    {"resource_id": things.id, "name": "y"}
                ),
                "away": lambda: mine.write({"name": "elsewhere"}),  # noqa: B023
                "the name of a deleted one": lambda: spare.with_user(self.manager).write({"name": "gone"}),
                "a new one": lambda: resources.with_user(self.manager).create({"name": "gone", **values}),
            }.items():
                self.refused(attempt, name=(holder, name), raises=UserError)
            mine.write({"label": "Thing", "order": "name", "description": "A thing"})
            free.with_user(self.manager).write({"domain": "[]", "active": True})
            things.with_user(self.admin).write({"domain": "[]"})
            held.scopes = False
        self.key(self.manager, scopes="things_read")
        things.with_user(self.manager).write({"domain": "[('id', '>', 0)]"})
