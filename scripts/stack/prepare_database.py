"""Run in Odoo's shell: creates the users, API keys and web assets of a database of the stack.

Reads STACK_PREPARE, a JSON object: {"addon": bool, "keys": {"admin", "demo", "bench"}}.
Without the addon: creates only web assets, many of which the addon does not change.
"""

import json
import os

from odoo.fields import Command
from odoo.modules import Manifest

from odoo.addons.base.models.res_users import INDEX_SIZE, KEY_CRYPT_CONTEXT

KEY_NAME = "API Gateway stack"
wanted = json.loads(os.environ["STACK_PREPARE"])
env = env  # noqa: F821  Odoo's shell provides it


def ensure_user(login, name, groups):
    """A user with exactly these groups: demo data adds to the groups that new users get by default."""
    users = env["res.users"].with_context(no_reset_password=True, active_test=False)
    values = {"active": True, "group_ids": [Command.set(groups.ids)]}
    user = users.search([("login", "=", login)])
    if user:
        user.write(values)
        return user
    return users.create({"name": name, "login": login, "email": f"{login}@example.com", **values})


def ensure_key(user, key):
    """Stores a given key in the way that `res.users.apikeys._generate` stores a random one."""
    env.cr.execute("select key from res_users_apikeys where user_id = %s and name = %s", [user.id, KEY_NAME])
    stored = env.cr.fetchall()
    if len(stored) == 1 and KEY_CRYPT_CONTEXT.verify(key, stored[0][0]):
        return
    env.cr.execute("delete from res_users_apikeys where user_id = %s and name = %s", [user.id, KEY_NAME])
    env.cr.execute(
        """
        insert into res_users_apikeys (name, user_id, scope, expiration_date, key, index)
        values (%s, %s, 'rpc', null, %s, %s)
        """,
        [KEY_NAME, user.id, KEY_CRYPT_CONTEXT.hash(key), key[:INDEX_SIZE]],
    )


def remove_limits(user):
    """Gives the user a profile without any limits. Does nothing if the installed addon has no profiles yet."""
    if "gateway.profile" not in env:
        return
    profiles = env["gateway.profile"]
    profile = profiles.search([("name", "=", "No limits")]) or profiles.create({"name": "No limits"})
    user.gateway_profile_id = profile


def generate_assets():
    """Builds the assets that a browser loads first, so that the first visitor does not wait ten seconds for them.
    Existing ones are kept."""
    kinds = {
        "web.assets_web": ("js", "css"),
        "web.assets_web_print": ("css",),
        "web.assets_frontend": ("css",),
        "web.assets_frontend_minimal": ("js",),
        "web.assets_frontend_lazy": ("js",),
    }
    if wanted["addon"]:
        kinds |= {
            name: ("js", "css")
            for name in Manifest.for_addon("api_gateway")["assets"]
            if name.startswith("api_gateway.")
        }
    for name, wanted_kinds in kinds.items():
        bundle = env["ir.qweb"]._get_asset_bundle(name, css="css" in wanted_kinds, js="js" in wanted_kinds)
        for kind in wanted_kinds:
            getattr(bundle, kind)()


if wanted["addon"]:
    admin = env.ref("base.user_admin")
    demo = ensure_user("demo_api", "Demo API user", env.ref("base.group_user"))
    bench = ensure_user("bench_api", "Bench API user", admin.group_ids)
    remove_limits(bench)
    for user, name in ((admin, "admin"), (demo, "demo"), (bench, "bench")):
        ensure_key(user, wanted["keys"][name])
generate_assets()
env.cr.commit()
