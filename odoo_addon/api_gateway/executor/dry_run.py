"""Dry runs: a call runs to its end, its changes are reported, and it is rolled back."""

import socket
from collections.abc import Callable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial, wraps

from odoo.modules.registry import Registry

from .affected import called_ids, named_ids
from .documents import readable_ids
from .errors import RefusalError
from .operations import OPERATIONS
from .reach import DELETE, READ, WRITE
from .reader import default_fields, read_tree
from .storing import FILES
from .upserting import named_records
from .writing_found import found_ids

MAX_RECORDS = 20
# These fields change with every write, so they are not reported.
BOOKKEEPING = frozenset(("create_date", "create_uid", "write_date", "write_uid"))

# The dry run that is running in this thread.
_current = ContextVar("api_gateway_dry_run", default=None)


class StepOutsideError(RefusalError):
    """Raised when a dry run would do something that cannot be rolled back."""

    def __init__(self, what):
        super().__init__("odoo.dry_run", f"A dry run is not possible, because the call {what}.")


@dataclass
class DryRun:
    """The report that accompanies the results of a dry run."""

    differences: list | None
    """Up to MAX_RECORDS of `{model, id, name, before, after}`: the fields that changed, before (null: a new record) and
    after (null: a deleted one). None if the caller did not ask for differences."""
    steps_outside: list = field(default_factory=list)
    """Errors that were raised when the code tried to reach another system. The code may have caught them."""
    unseen: int = 0
    """The number of records that the call names or creates but whose changes are not in the differences, because there
    are too many or because the caller may not read them."""

    def report(self, mails):
        report = {"mails": mails, "outside": bool(self.steps_outside)}
        if self.differences is None:
            return report
        return {**report, "differences": self.differences, "unseen": self.unseen}


@contextmanager
def rehearsed(env, reach, call, answer):
    """Yields the operations by name, to be run in this context. The caller rolls back. Until then nothing is committed,
    and nothing leaves Odoo. Only the numbers taken from Postgres' sequences are not rolled back.

    `call["dry_run"]`: `{"differences": bool}`. The report goes to `answer.dry_run`."""
    differences = [] if call["dry_run"]["differences"] else None
    rehearsal = DryRun(differences)
    last_mail = _newest_mail(env)
    token = _current.set(rehearsal)
    env.cr.commit = partial(_refuse, "commits by itself")
    try:
        yield {name: _watched(run, name, rehearsal) for name, run in OPERATIONS.items()}
        env.cr.flush()  # hooks registered for before the commit are part of the call
        answer.dry_run = rehearsal.report(_mails_since(env, last_mail))
    except StepOutsideError:
        raise
    except Exception as exc:
        if rehearsal.steps_outside:  # Odoo's code may have replaced the error with its own
            raise rehearsal.steps_outside[0] from exc
        raise
    finally:
        del env.cr.commit
        _current.reset(token)


def _newest_mail(env):
    """The id of the newest mail. Mails that other transactions queue from now on are invisible here."""
    env.cr.execute("select coalesce(max(id), 0) from mail_mail")
    return env.cr.fetchone()[0]


def _mails_since(env, id_):
    env.cr.execute("select count(*) from mail_mail where id > %s", (id_,))
    return env.cr.fetchone()[0]


def _watched(run, name, rehearsal):
    """Wraps the operation, so that the values of the records that it names are noted before and after it runs."""
    finds = FINDERS.get(name)
    if rehearsal.differences is None or finds is None:
        return run

    def observe(env, reach, operation):
        named = finds(env, reach, operation)
        about = _as_write(operation)
        before = _shown(env, reach, about, named)
        result = run(env, reach, operation)
        touched = result["ids"] if name in MAKING else named
        after = _shown(env, reach, about, touched)
        rehearsal.unseen += len(set(touched) - before.keys() - after.keys())
        for id_ in before | after:
            change = list(_difference(about["model"], id_, before.get(id_), after.get(id_)))
            if len(rehearsal.differences) < MAX_RECORDS:
                rehearsal.differences.extend(change)
            else:
                rehearsal.unseen += len(change)
        return result

    return observe


# For each operation, a function that returns the ids of the records that it will change.
FINDERS = {
    "create": lambda _env, _reach, _operation: [],
    "write": lambda env, _reach, operation: named_ids(env, operation),
    "unlink": lambda env, _reach, operation: named_ids(env, operation),
    "call": lambda env, _reach, operation: called_ids(env, operation),
    "store": lambda env, _reach, operation: [] if operation.get("attach") else named_ids(env, _as_write(operation)),
    "upsert": named_records,
    "write_found": partial(found_ids, action=WRITE),
    "unlink_found": partial(found_ids, action=DELETE),
}
# Operations whose results name the records.
MAKING = ("create", "upsert", "store")


def _as_write(operation):
    """The operation with the model and the ids that an equivalent write would have. A file is stored in a record, or as
    a new attachment."""
    if operation["op"] != "store":
        return operation
    return {**operation, "model": FILES} if operation.get("attach") else {**operation, "ids": [operation.get("id")]}


def _shown(env, reach, operation, ids):
    """{id: the values that the caller may read}; empty if it may not read the model."""
    model = operation["model"]
    if not ids or reach.hides(model) or not reach.permits(model, READ):
        return {}
    with reach.during(READ):
        asked = ids[:MAX_RECORDS]
        seen = readable_ids(env[model], asked)
        records = env[model].browse(id_ for id_ in asked if id_ in seen)
        names, _ = default_fields(reach, records)
        tree = {"display_name": {}, **{name: {} for name in names if name not in BOOKKEEPING}}
        for name in _named_lists(reach, records, operation):
            tree[name] = {"fields": {"display_name": {}}}
        return {row["id"]: row for row in read_tree(reach.room, records, tree)}


def _named_lists(reach, model, operation):
    """The to-many relations among the values. They are not columns."""
    values = operation.get("values")
    for given in values if type(values) is list else [values]:
        for name in given if type(given) is dict else ():
            field = model._fields.get(name)
            if field is not None and field.type in ("one2many", "many2many") and reach.shows(field):
                yield name


def _difference(model, id_, before, after):
    """Yields one entry, or no entry if nothing changed."""
    name = (after or before)["display_name"]
    if before is not None and after is not None:
        changed = [key for key in after if before.get(key) != after[key]]
        if not changed:
            return
        before, after = ({key: row.get(key) for key in changed} for row in (before, after))
    elif after is not None:
        after = {key: value for key, value in after.items() if value or type(value) in (int, float)}
    else:
        before = {}
    yield {"model": model, "id": id_, "name": name, "before": before, "after": after}


def _refuse(what, *_args, **_kwargs):
    rehearsal = _current.get()
    error = StepOutsideError(what)
    rehearsal.steps_outside.append(error)
    raise error


def _held(original, what) -> Callable:
    """The same function, except that it raises in a dry run."""

    @wraps(original)
    def held(*args, **kwargs):
        return original(*args, **kwargs) if _current.get() is None else _refuse(what)

    return held


# A mail, a payment or a parcel that left Odoo could not be taken back, nor could a commit of another transaction.
for _name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, _name, _held(getattr(socket.socket, _name), "reaches another system"))
Registry.cursor = _held(Registry.cursor, "writes in a transaction of its own")
