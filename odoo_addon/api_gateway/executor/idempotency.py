"""`Idempotency-Key`: a write happens once, however often it is sent."""

import hashlib
import json

from psycopg2.extras import Json

from .effects import effect_of
from .errors import RefusalError
from .reach import CALL, DELETE, READ, WRITE
from .reader import check_tree
from .references import References
from .storing import FILES

KEPT_HOURS = 24
# The actions of each operation on its model. For calls, the method decides.
ACTIONS = {
    "search": (READ,),
    "read": (READ,),
    "create": (WRITE,),
    "write": (WRITE,),
    "write_found": (READ, WRITE),
    "upsert": (READ, WRITE),
    "store": (WRITE,),
    "unlink": (DELETE,),
    "unlink_found": (READ, DELETE),
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
    """Store the call's results in the call's transaction."""
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
    for name, actions in _needs(env, reach, operation):
        model = reach.known(env, name, abstract=operation["op"] == "call")
        for action in actions:
            reach.require(name, action)
            if not model._abstract and not any(model.has_access(right) for right in RIGHTS[action]):
                model.check_access(RIGHTS[action][0])


def _needs(env, reach, operation):
    """[(model, actions)]"""
    op, name = operation["op"], operation.get("model")
    if name is None:
        return []
    if op == "call":
        return [(name, [effect_of(reach.known(env, name, abstract=True), operation["method"])])]
    if op == "store" and operation.get("attach"):
        return [(name, [READ]), (FILES, [WRITE])]
    actions = list(ACTIONS.get(op, ()))
    if operation.get("fields") is not None:
        actions.append(READ)
        check_tree(reach, reach.known(env, name), operation["fields"])
    return [(name, actions)]
