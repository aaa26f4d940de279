"""`If-Match`: a write that happens only if a record has not changed since its caller read it. A record's version is a
digest of the values that the caller has read, including lines and computed fields if it asked for them."""

import json
import struct
from hashlib import sha256

from odoo.tools import SQL

from ..tools.document_links import mask
from .answer import encode
from .arguments import ids
from .documents import readable_ids
from .errors import RefusalError
from .reach import READ
from .reading import read
from .refusals import missing

DIGITS = 32


def check_unchanged(env, reach, model, operation):
    """Raise unless the operation's single record has one of the versions in `if_match`: `{"versions", "fields"?,
    "brief"?}`, where `fields` and `brief` are those of the read. Locks the record until the transaction ends.

    :raises RefusalError: `odoo.missing`, `odoo.changed`"""
    wanted = operation.get("if_match")
    if wanted is None:
        return
    [id_] = ids(operation)
    asked = {"model": model._name, "ids": [id_]}
    asked.update((key, wanted[key]) for key in ("fields", "brief") if wanted.get(key) is not None)
    reach.require(model._name, READ)
    if id_ not in readable_ids(model, [id_]):
        raise missing(model._name, [id_])
    if model._auto:
        # If another transaction has changed the record since this one began, the statement fails, and the call is tried
        # again.
        env.cr.execute(SQL("SELECT 1 FROM %s WHERE id = %s FOR NO KEY UPDATE", SQL.identifier(model._table), id_))
    records = read(env, reach, asked)["records"]
    if not records:
        raise missing(model._name, [id_])
    if version_of(records[0], reach.is_narrowed) not in wanted["versions"]:
        raise RefusalError(
            "odoo.changed",
            f"{model._name} {id_} has changed since you read it. Read it again. The fields and the language must be "
            "the same when you read and when you write.",
            model=model._name,
            id=id_,
        )


def version_of(record, is_narrowed):
    """The digest of a raw record as it is sent; `sidecar/src/records/versions.ts` computes the same digest."""
    text = encode(record).decode()
    if is_narrowed and "access_token" in text:
        text = mask(text)
    return sha256(_canonical(json.loads(text)).encode()).hexdigest()[:DIGITS]


def _canonical(value):
    if isinstance(value, dict):
        return "{" + "".join(f"{_canonical(key)}{_canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + "".join(map(_canonical, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return {None: "n", False: "f", True: "t"}[value]
    # The bits of a double, because programming languages format numbers differently.
    return "#" + struct.pack(">d", value + 0.0).hex()
