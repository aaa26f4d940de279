# In Odoo's shell: creates 1,000 partners, alternately without the gateway's hooks on the ORM, with them but without a
# webhook, and with a webhook on the model. Everything happens in one transaction that is rolled back; a turn ends with
# what a commit would do first: flush and precommit. Prints the seconds of each turn.
import gc
import json
import os
import time

from odoo.addons.api_gateway.models.base import Base

ROUNDS = int(os.environ["BENCH_ROUNDS"])
HOOKS = {name: Base.__dict__[name] for name in ("_create", "write", "_write_multi", "unlink", "_update_field_translations")}

env = env  # noqa: F821, PLW0127  Odoo's shell provides it
webhooks = env["gateway.webhook"]
partners = env["res.partner"]
watched = webhooks.create(
    {
        "name": "Bench",
        "url": "https://receiver.example",
        "model_id": env["ir.model"]._get_id("res.partner"),
        "user_id": env.ref("base.user_admin").id,
    }
)


def turn(hooked, watching):
    for name, hook in HOOKS.items():
        if hooked:
            setattr(Base, name, hook)
        elif name in Base.__dict__:
            delattr(Base, name)
    watched.active = watching
    env.cr.flush()
    webhooks._watched()
    savepoint = env.cr.savepoint()
    gc.collect()
    gc.disable()
    started = time.perf_counter()
    partners.create([{"name": f"Partner {i}", "email": f"p{i}@example.com", "city": "Ghent"} for i in range(1000)])
    env.cr.flush()
    seconds = time.perf_counter() - started
    gc.enable()
    savepoint.close(rollback=True)
    return seconds


contestants = {"without": (False, False), "unwatched": (True, False), "watched": (True, True)}
turns = {name: [] for name in contestants}
for n in range(ROUNDS + 1):
    names = list(contestants)
    for name in names[n % 3 :] + names[: n % 3]:
        seconds = turn(*contestants[name])
        if n:  # the first round warms up
            turns[name].append(seconds)
env.cr.rollback()
print("\n" + json.dumps(turns))  # noqa: T201
