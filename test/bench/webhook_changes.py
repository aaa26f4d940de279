# In Odoo's shell: changes existing partners, each in a transaction of its own, at a fixed rate; then prints when each
# commit returned: {id: milliseconds since 1970}.
import json
import os
import time

env = env  # noqa: F821, PLW0127  Odoo's shell provides it
ids = json.loads(os.environ["BENCH_IDS"])
interval = 1 / float(os.environ["BENCH_RATE"])
committed = {}
started = time.monotonic()
for n, id_ in enumerate(ids):
    time.sleep(max(0, started + n * interval - time.monotonic()))
    env["res.partner"].browse(id_).ref = f"change {n}"
    env.cr.commit()
    committed[id_] = time.time() * 1000
print("\n" + json.dumps(committed))  # noqa: T201
