"""Empties the outbox from Odoo while no sidecar is alive, with the functions that the sidecars use."""

import json
import uuid

from ..tools.settings import settings
from .deliver import Target, deliver, render_event
from .egress import guarded_session, parse_allowed
from .values import read_values

LEASE_S = 300


def run(webhooks, most):
    """Delivers up to `most` due jobs, and all tests. Of one record a later job goes out only after the earlier one
    arrived, as from a sidecar. `webhooks`: the model, with rights on everything."""
    env, cr = webhooks.env, webhooks.env.cr
    targets = read_targets(cr)
    session, timeout_s = open_session(cr)
    with session:
        claimer, jobs = claim(cr, targets, most)
        _commit(env, 0, len(jobs))
        held_up = set()
        for job in jobs:
            is_test = job["event"] == "test"
            place = (job["webhook_id"], job["res_id"])
            # A sidecar that came back takes the rest.
            if not is_test and (place in held_up or webhooks._sidecar_is_alive()):
                result = {"job": job["id"], "outcome": "released"}
            else:
                result = deliver_job(env, session, timeout_s, targets[job["webhook_id"]], job)
            if not is_test and result["outcome"] != "delivered":
                held_up.add(place)
            finish(cr, claimer, [result])
            _commit(env, 1)


def _commit(env, processed, remaining=None):
    """What was sent cannot be taken back, so each result is committed before the next request goes out."""
    env["ir.cron"]._commit_progress(processed, remaining=remaining)


def claim(cr, targets, most):
    """The name they were claimed under, and up to `most` due jobs, oldest first; tests come on top."""
    claimer = str(uuid.uuid4())
    cr.execute(
        "select * from gateway.webhook_claim(%s::uuid, %s::integer[], %s::integer[], %s)",
        (claimer, list(targets), [most] * len(targets), LEASE_S),
    )
    jobs = sorted(cr.dictfetchall(), key=lambda job: (job["event"] != "test", job["id"]))
    tests = sum(job["event"] == "test" for job in jobs)
    finish(cr, claimer, [{"job": job["id"], "outcome": "released"} for job in jobs[tests + most :]])
    return claimer, jobs[: tests + most]


def read_targets(cr):
    """{webhook id: (Target, owner, language, fields)} of all that may send."""
    cr.execute("select * from gateway.webhooks()")
    return {
        row["id"]: (
            Target(row["url"], row["headers"], [bytes(secret) for secret in row["secrets"]]),
            row["user_id"],
            row["lang"],
            row["fields"],
        )
        for row in cr.dictfetchall()
    }


def finish(cr, claimer, results):
    if results:
        cr.execute(
            "select gateway.webhook_finish(%s::uuid, null, %s::jsonb)",
            (claimer, json.dumps(results)),
        )


def open_session(cr):
    """A guarded session with the timeout of the settings, and that timeout."""
    values = settings(cr)
    timeout_s = float(values["webhook.timeout_seconds"])
    return guarded_session(parse_allowed(values["webhook.egress_allow"]), timeout_s), timeout_s


def deliver_job(env, session, timeout_s, target, job):
    """Sends one claimed job and gives its result."""
    endpoint, owner_id, lang, names = target
    body = job["body"] or render_event(job, _values_of(env, owner_id, lang, names, job))
    return {"job": job["id"], **deliver(session, endpoint, job["event_id"], body, timeout_s)}


def _values_of(env, owner_id, lang, names, job):
    if job["event"] == "unlink":
        return job["record_values"]
    if job["model"] not in env:
        return None
    env = env(user=owner_id, su=False, context={"lang": lang, "tz": "UTC"})
    record = env[job["model"]].browse(job["res_id"])
    if not record.has_access("read"):
        return None
    return read_values(record, names).get(record.id)
