# In Odoo's shell: creates and changes 250 partners, alternately with the triggers of the change feed and without them,
# all in one transaction that is rolled back; a turn ends with a flush, the first step of a commit. Prints the seconds
# of each turn.
import gc
import json
import os
import time

ROUNDS = int(os.environ["BENCH_ROUNDS"])

env = env  # noqa: F821, PLW0127  Odoo's shell provides it
partners = env["res.partner"]


def turn(watched):
    if watched:
        env.cr.execute("SELECT gateway.watch_changes('res.partner', 'res_partner', '[]')")
    else:
        env.cr.execute("SELECT gateway.unwatch_changes('res.partner')")
    savepoint = env.cr.savepoint()
    gc.collect()
    gc.disable()
    started = time.perf_counter()
    created = partners.create([{"name": f"Partner {i}", "email": f"p{i}@example.com"} for i in range(250)])
    env.cr.flush()
    for number, partner in enumerate(created):
        partner.ref = f"change {number % 10}"
    env.cr.flush()
    seconds = time.perf_counter() - started
    gc.enable()
    savepoint.close(rollback=True)
    return seconds


turns = {"uncaptured": [], "captured": []}
for n in range(ROUNDS + 1):
    names = list(turns)
    for name in names[n % 2 :] + names[: n % 2]:
        seconds = turn(name == "captured")
        if n:  # the first round warms up
            turns[name].append(seconds)
env.cr.rollback()
print("\n" + json.dumps(turns))  # noqa: T201
