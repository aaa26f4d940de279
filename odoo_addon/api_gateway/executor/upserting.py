"""Upserts: the record with a key is changed, or else created. A key is a field of the model, or an external id in the
credential's own namespace."""

import hashlib
import re

from odoo.tools import SQL

from .arguments import required
from .errors import RefusalError
from .reach import READ, WRITE
from .writing import create, write

EXTERNAL_ID = "external_id"
BUCKETS = 4096
KEY_TYPES = ("char", "integer")
_NAME = re.compile(r"[A-Za-z0-9_.:@+-]{1,128}")
_NAMESPACE = re.compile(r"[a-z_]{1,20}_[0-9]{1,10}")


def upsert(env, reach, operation):
    """Like `create` or `write` of one record, with `created`: bool. Safe when several do it at once.

    `operation`: `model, key, value, values, fields?, namespace`"""
    model = reach.model(env, required(operation, "model"), WRITE, "create", "write")
    reach.require(model._name, READ)
    values = required(operation, "values")
    if type(values) is not dict:
        raise RefusalError("odoo.arguments", "'values' is not an object.", argument="values")
    found = named_records(env, reach, operation)
    if found:
        return {**write(env, reach, {**operation, "ids": found, "values": values}), "created": False}
    _take_bucket(env, operation)
    key, value = operation["key"], operation["value"]
    own = {} if key == EXTERNAL_ID else {key: _typed(model, key, value)}
    result = create(env, reach, {**operation, "values": [{**values, **own}]})
    if key == EXTERNAL_ID:
        _name_record(env, operation, result["ids"][0])
    return {**result, "created": True}


def named_records(env, reach, operation):
    """The ids of the one record with the key, or no id.

    :raises RefusalError: `odoo.validation` if there are several"""
    model = reach.known(env, required(operation, "model"))
    key, value = required(operation, "key"), required(operation, "value")
    if key == EXTERNAL_ID:
        return _named(env, model, operation, value)
    field = reach.field(model, key)
    model._check_field_access(field, "read")
    if field.type not in KEY_TYPES or not field.store or key == "id":
        raise RefusalError(
            "odoo.field",
            f"The field {key} of {model._name} is no key. A key is external_id, or a stored text or whole number.",
            model=model._name,
            field=key,
        )
    found = model.with_context(active_test=False).search([(key, "=", _typed(model, key, value))], limit=2)
    if len(found) > 1:
        message = f"Several records of {model._name} have this {key}, so it is no key."
        raise RefusalError("odoo.validation", message, model=model._name, field=key)
    return found.ids


def _typed(model, key, value):
    if type(value) is not str or not value:
        raise RefusalError("odoo.arguments", "The value of a key is a text that is not empty.", argument="value")
    if model._fields[key].type != "integer":
        return value
    if not re.fullmatch(r"-?[0-9]{1,9}", value):
        raise RefusalError("odoo.arguments", f"The field {key} takes a whole number.", argument="value")
    return int(value)


def _named(env, model, operation, value):
    if type(value) is not str or not _NAME.fullmatch(value):
        raise RefusalError(
            "odoo.arguments",
            "An external id has 1 to 128 letters, digits or characters of _.:@+- and no others.",
            argument="value",
        )
    env.cr.execute(
        SQL(
            "SELECT res_id FROM ir_model_data WHERE module = %s AND name = %s AND model = %s",
            _module(operation),
            _xml_name(model, value),
            model._name,
        )
    )
    ids = [id_ for (id_,) in env.cr.fetchall()]
    return model.browse(ids).exists().ids


def _name_record(env, operation, id_):
    """Not by the ORM: a narrowed credential writes no record of ir.model.data, except that its own namespace grows."""
    model = env[operation["model"]]
    env.cr.execute(
        SQL(
            """
            INSERT INTO ir_model_data
            (module, name, model, res_id, noupdate, create_uid, create_date, write_uid, write_date)
            VALUES (%s, %s, %s, %s, true, %s, now() AT TIME ZONE 'UTC', %s, now() AT TIME ZONE 'UTC')
            ON CONFLICT (module, name) DO UPDATE SET res_id = excluded.res_id
            """,
            _module(operation),
            _xml_name(model, operation["value"]),
            model._name,
            id_,
            env.uid,
            env.uid,
        )
    )


def _module(operation):
    namespace = required(operation, "namespace")
    if type(namespace) is not str or not _NAMESPACE.fullmatch(namespace):
        raise RefusalError("odoo.arguments", "'namespace' is not that of a credential.", argument="namespace")
    return f"__api_{namespace}__"


def _xml_name(model, value):
    return f"{model._table}:{value}"


def _take_bucket(env, operation):
    """Wait for others that create with the same key. If one has, this fails, and the call is tried again."""
    parts = [operation["model"], operation["key"], operation["value"]]
    if operation["key"] == EXTERNAL_ID:
        parts.append(_module(operation))
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    bucket = int.from_bytes(digest[:4], "big") % BUCKETS
    env.cr.execute(SQL("UPDATE gateway.upsert_bucket SET turn = turn + 1 WHERE bucket = %s", bucket))
