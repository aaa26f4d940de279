"""`Idempotency-Key`: a write happens once, however often it is sent."""

import hashlib
import json

from psycopg2.extras import Json

from .effects import effect_of
from .errors import RefusalError
from .reach import CALL, DELETE, READ, WRITE
from .reader import check_tree
from .references import References

KEPT_HOURS = 24
ACTIONS = {
    "search": READ,
    "read": READ,
    "create": WRITE,
    "write": WRITE,
    "write_found": WRITE,
    "upsert": WRITE,
    "store": WRITE,
    "unlink": DELETE,
    "unlink_found": DELETE,
    "call": CALL,
}
RIGHTS = {WRITE: ("create", "write"), DELETE: ("unlink",), READ: ("read",), CALL: ("read",)}


def remembered(env, reach, call):
    """The stored results if the call was already run. Otherwise None: the call has to run now, and this transaction
    locks the key until it ends. If a duplicate is running at the moment, the call is refused at once: waiting would
    occupy a worker. If a duplicate ended after this transaction began, the insert raises a serialization error, and the
    retry finds the duplicate's answer."""
    token = call["idempotency"]
    identity = (token["consumer"], token["key"], token["method"], token["path"])
    cr = env.cr
    cr.execute("select pg_try_advisory_xact_lock(hashtextextended(%s, 0))", ("\n".join(identity),))
    if not cr.fetchone()[0]:
        raise RefusalError("idempotency.running", "A request with this Idempotency-Key is still running.")
    cr.execute(
        """
        delete from gateway.idempotency
        where (consumer, key, method, path) = %s and created_at < gateway.utc_now() - make_interval(hours => %s)
        """,
        (identity, KEPT_HOURS),
    )
    cr.execute(
        """
        insert into gateway.idempotency (consumer, key, method, path, fingerprint)
        values (%s, %s, %s, %s, %s)
        on conflict do nothing
        """,
        (*identity, _fingerprint(call)),
    )
    if cr.rowcount:
        return None
    cr.execute(
        "select fingerprint, results from gateway.idempotency where (consumer, key, method, path) = %s", (identity,)
    )
    fingerprint, results = cr.fetchone()
    if fingerprint != _fingerprint(call):
        raise RefusalError(
            "idempotency.mismatch",
            "This Idempotency-Key was used with another body or query, or with another user, other scopes or "
            "other models. Use a new key.",
        )
    references = References()
    for index, (operation, result) in enumerate(zip(call["operations"], results, strict=True)):
        _check_rights(env, reach, references.resolve(operation))
        references.add(result, str(index), operation.get("name", str(index)))
    return results


def remember(env, call, results, encode):
    """Store the call's results, in its transaction."""
    token = call["idempotency"]
    env.cr.execute(
        """
        update gateway.idempotency set results = %s
        where (consumer, key, method, path) = %s
        """,
        (
            Json(results, dumps=lambda value: encode(value).decode()),
            (token["consumer"], token["key"], token["method"], token["path"]),
        ),
    )


def _fingerprint(call):
    """A digest of the request and its caller: a restricted credential must not get an answer meant for an unrestricted
    one."""
    grant = call["grant"]
    narrowed = [sorted(grant[key]) if grant[key] is not None else None for key in ("scopes", "models")]
    asked = json.dumps([call["idempotency"]["fingerprint"], call["uid"], *narrowed])
    return hashlib.sha256(asked.encode()).hexdigest()


def _check_rights(env, reach, operation):
    """Check that the caller may still make the request before the stored answer is returned."""
    name = operation.get("model")
    if operation["op"] not in ACTIONS or name is None:
        return
    model = reach.known(env, name, abstract=operation["op"] == "call")
    if operation["op"] != "call" and operation.get("fields") is not None:
        reach.require(name, READ)
        model.check_access("read")
        check_tree(reach, model, operation["fields"])
    action = effect_of(model, operation["method"]) if operation["op"] == "call" else ACTIONS[operation["op"]]
    reach.require(name, action)
    if not model._abstract and not any(model.has_access(right) for right in RIGHTS[action]):
        model.check_access(RIGHTS[action][0])
