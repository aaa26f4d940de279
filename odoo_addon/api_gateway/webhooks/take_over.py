"""Delivers events from Odoo while no sidecar is alive, with the same SQL functions that the sidecars use."""

import json
import logging
import uuid

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..tools.settings import settings
from .deliver import Target, deliver, render_event, storable
from .egress import parse_allowed
from .values import read_values

_logger = logging.getLogger(__name__)

LEASE_S = 300


def run(webhooks, most):
    """Delivers up to `most` due jobs, and all test events. As with a sidecar, a record's later job is sent only after
    the earlier one has been accepted. `webhooks`: the model of webhooks, as superuser."""
    env, cr = webhooks.env, webhooks.env.cr
    targets = read_targets(cr)
    bounds = read_bounds(cr)
    claimer, jobs = claim(cr, targets, most)
    number_changes(cr)
    _commit(env, 0, len(jobs))
    held_up = set()
    for job in jobs:
        is_test = job["event"] == "test"
        place = (job["webhook_id"], job["res_id"])
        # The record's earlier job was not accepted, or a sidecar has returned, which will deliver the rest.
        if not is_test and (place in held_up or not env["gateway.sidecar"]._all_gone()):
            result = {"job": job["id"], "outcome": "released"}
        else:
            result = deliver_job(env, bounds, targets[job["webhook_id"]], job)
        if not is_test and result["outcome"] != "delivered":
            held_up.add(place)
        finish(cr, claimer, [result])
        _commit(env, 1)


def _commit(env, processed, remaining=None):
    """A request that was sent cannot be taken back, so each result is committed before the next request is sent."""
    env["ir.cron"]._commit_progress(processed, remaining=remaining)


def claim(cr, targets, most):
    """Claims up to `most` due jobs, oldest first, and all test events. Returns the name under which they were claimed,
    and the jobs."""
    claimer = str(uuid.uuid4())
    cr.execute(
        "select * from gateway.webhook_claim(%s::uuid, %s::integer[], %s::integer[], %s)",
        (claimer, list(targets), [most] * len(targets), LEASE_S),
    )
    jobs = sorted(cr.dictfetchall(), key=lambda job: (job["event"] != "test", job["id"]))
    tests = sum(job["event"] == "test" for job in jobs)
    finish(cr, claimer, [{"job": job["id"], "outcome": "released"} for job in jobs[tests + most :]])
    return claimer, jobs[: tests + most]


def number_changes(cr):
    """Numbers the changes of synced models, because events contain these numbers."""
    taken = True
    while taken:
        cr.execute("select gateway.stamp_changes(10000)")
        [taken] = cr.fetchone()


def read_targets(cr):
    """{webhook id: (Target, owner, language, fields)} of all webhooks that may send."""
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


def read_bounds(cr):
    """The networks allowed by the settings, and the time that a receiver has to answer, in seconds."""
    values = settings(cr)
    return parse_allowed(values["webhook.egress_allow"]), float(values["webhook.timeout_seconds"])


def deliver_job(env, bounds, target, job):
    """Sends one claimed job and returns its result. If the record cannot be read, the attempt has failed."""
    endpoint, owner_id, lang, names = target
    allowed, timeout_s = bounds
    body = job["body"]
    try:
        if not body:
            with env.cr.savepoint():
                sequence = _sequence_of(env.cr, job)
                body = render_event(job, sequence, _values_of(env, owner_id, lang, names, job))
    except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
        return {"job": job["id"], "outcome": "released"}
    except Exception as exc:
        _logger.warning("webhooks: job %s could not be read", job["id"], exc_info=True)
        return {"job": job["id"], "outcome": "failed", "status": None, "error": f"Not read: {storable(str(exc))}"[:500]}
    return {"job": job["id"], **deliver(allowed, endpoint, job["event_id"], body, timeout_s)}


def _sequence_of(cr, job):
    cr.execute("select number from gateway.change_numbers(%s, array[%s])", (job["model"], job["res_id"]))
    row = cr.fetchone()
    return row and row[0]


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
