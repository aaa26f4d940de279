"""Upserts: a record with a given key is changed, or created if it does not exist. A key is a field of the model, or
an external id in the credential's own namespace."""

import hashlib
import re

from odoo.tools import SQL

from ..tools.external_ids import module_of
from .arguments import required
from .errors import RefusalError
from .reach import READ, WRITE
from .writing import create, write_together

EXTERNAL_ID = "external_id"
BUCKETS = 4096
KEY_TYPES = ("char", "integer")
_NAME = re.compile(r"[A-Za-z0-9_.:@+-]{1,128}")
_NAMESPACE = re.compile(r"[a-z_]{1,20}_[0-9]{1,10}")


def upsert(env, reach, operation):
    """Like `create` and `write` of many records. The result also has `created`, which says for each item whether its
    record was created. Several transactions may do this at the same time.

    `operation`: `model, key, items: [{value, values}], fields?, namespace`"""
    model = reach.model(env, required(operation, "model"), WRITE, "create", "write")
    reach.require(model._name, READ)
    items = _items(operation)
    _check_keys(model, required(operation, "key"), items)
    found = _found(env, reach, operation)
    new = [item for item in items if item["value"] not in found]
    results = {}
    old = [item for item in items if item["value"] in found]
    if old:
        writes = [{**operation, "ids": [found[item["value"]]], "values": item["values"]} for item in old]
        for item, written in zip(old, write_together(env, reach, writes), strict=True):
            results[item["value"]] = written
    if new:
        _take_buckets(env, operation, [item["value"] for item in new])
        results |= _create(env, reach, model, operation, new)
    return _together([results[item["value"]] for item in items], [item["value"] not in found for item in items])


def named_records(env, reach, operation):
    """The ids of the records with the keys."""
    return list(_found(env, reach, operation).values())


def _check_keys(model, key, items):
    """Refuse values that would change the key by which the record is found."""
    field = model._fields.get(key)
    for item in items:
        if field is None or key not in item["values"] or key == EXTERNAL_ID:
            continue
        given = item["values"][key]
        if given != _typed(field, item["value"]):
            message = f"The values set {key} to {given!r:.80}, but the record's key is {item['value']!r:.80}."
            raise RefusalError("odoo.arguments", message, model=model._name, field=key)


def _items(operation):
    items = required(operation, "items")
    if type(items) is not list or not all(
        type(item) is dict and type(item.get("values")) is dict and type(item.get("value")) is str for item in items
    ):
        raise RefusalError("odoo.arguments", "'items' is not a list of keys and values.", argument="items")
    if len({item["value"] for item in items}) < len(items):
        raise RefusalError("odoo.arguments", "Two records have the same key.", argument="items")
    return items


def _found(env, reach, operation):
    """{value of the key: id of the record}

    :raises RefusalError: `odoo.validation` if a key stands for several records, or several keys stand for one"""
    model = reach.known(env, required(operation, "model"))
    key, values = required(operation, "key"), [item["value"] for item in _items(operation)]
    found = _named(env, model, operation, values) if key == EXTERNAL_ID else _with_field(reach, model, key, values)
    if len(set(found.values())) < len(found):
        raise RefusalError("odoo.validation", f"Two keys name the same {model._name}.", model=model._name)
    return found


def _with_field(reach, model, key, values):
    field = reach.field(model, key)
    model._check_field_access(field, "read")
    if field.type not in KEY_TYPES or not field.store or key == "id":
        raise RefusalError(
            "odoo.field",
            f"The field {key} of {model._name} is not a key. A key is external_id, or a stored text or whole number.",
            model=model._name,
            field=key,
        )
    asked = {_typed(field, value): value for value in values}
    records = model.with_context(active_test=False).search([(key, "in", list(asked))], limit=len(asked) + 1)
    found = {asked[record[key]]: record.id for record in records if record[key] in asked}
    if len(found) < len(records):
        message = f"Several records of {model._name} have this {key}, so it is not a key."
        raise RefusalError("odoo.validation", message, model=model._name, field=key)
    return found


def _typed(field, value):
    if not value:
        raise RefusalError("odoo.arguments", "The value of a key must be a string that is not empty.", argument="value")
    if field.type != "integer":
        return value
    if not re.fullmatch(r"0|-?[1-9][0-9]{0,8}", value):
        raise RefusalError("odoo.arguments", f"The field {field.name} takes a whole number.", argument="value")
    return int(value)


def _named(env, model, operation, values):
    if not all(_NAME.fullmatch(value) for value in values):
        raise RefusalError(
            "odoo.arguments",
            "An external id must consist of 1 to 128 letters, digits or characters of _.:@+-",
            argument="value",
        )
    by_name = {_xml_name(model, value): value for value in values}
    query = SQL(
        "SELECT name, res_id FROM ir_model_data WHERE module = %s AND name = ANY(%s) AND model = %s",
        _module(operation),
        list(by_name),
        model._name,
    )
    ids = dict(env.execute_query(query))
    there = set(model.browse(ids.values()).exists().ids)
    return {by_name[name]: id_ for name, id_ in ids.items() if id_ in there}


def _create(env, reach, model, operation, items):
    """{value of the key: result}"""
    key = operation["key"]
    values_list = []
    for item in items:
        own = {} if key == EXTERNAL_ID else {key: _typed(model._fields[key], item["value"])}
        values_list.append({**item["values"], **own})
    made = create(env, reach, {**operation, "values": values_list})
    if key == EXTERNAL_ID:
        _name_records(env, model, operation, dict(zip(made["ids"], (item["value"] for item in items), strict=True)))
    records = made.get("records")
    results = {}
    for position, (item, id_) in enumerate(zip(items, made["ids"], strict=True)):
        results[item["value"]] = {"ids": [id_], "ignored": made.get("ignored", []) if position == 0 else []}
        if records is not None:
            results[item["value"]]["records"] = [records[position]]
    return results


def _together(results, created):
    """Merges several results into one, in their order."""
    together = {"ids": [id_ for result in results for id_ in result["ids"]], "created": created}
    if ignored := sorted({path for result in results for path in result.get("ignored", ())}):
        together["ignored"] = ignored
    if all("records" in result for result in results):
        together["records"] = [record for result in results for record in result["records"]]
    return together


def _name_records(env, model, operation, values):
    """Stores external ids with SQL: through the ORM, a narrowed credential may not write records of ir.model.data, not
    even in its own namespace.

    :param values: {id of a new record: its external id}"""
    query = SQL(
        """
        INSERT INTO ir_model_data
        (module, name, model, res_id, noupdate, create_uid, create_date, write_uid, write_date)
        SELECT %s, name, %s, res_id, true, %s, now() AT TIME ZONE 'UTC', %s, now() AT TIME ZONE 'UTC'
        FROM unnest(%s, %s) AS named(name, res_id)
        ON CONFLICT (module, name) DO UPDATE SET res_id = excluded.res_id, model = excluded.model
        """,
        _module(operation),
        model._name,
        env.uid,
        env.uid,
        [_xml_name(model, value) for value in values.values()],
        list(values),
    )
    env.cr.execute(query)


def _module(operation):
    namespace = required(operation, "namespace")
    if type(namespace) is not str or not _NAMESPACE.fullmatch(namespace):
        raise RefusalError("odoo.arguments", "'namespace' is not the namespace of a credential.", argument="namespace")
    return module_of(namespace)


def _xml_name(model, value):
    return f"{model._table}:{value}"


def _take_buckets(env, operation, values):
    """Wait for other transactions that create records with the same keys. If one of them has created records, this
    fails, and the call is tried again."""
    place = [operation["model"], operation["key"]]
    if operation["key"] == EXTERNAL_ID:
        place.append(_module(operation))
    buckets = set()
    for value in values:
        digest = hashlib.sha256("\0".join([*place, value]).encode()).digest()
        buckets.add(int.from_bytes(digest[:4], "big") % BUCKETS)
    # The rows are locked in a fixed order, so that two transactions never wait for each other.
    env.cr.execute(
        SQL("SELECT FROM gateway.upsert_bucket WHERE bucket = ANY(%s) ORDER BY bucket FOR UPDATE", list(buckets))
    )
    env.cr.execute(SQL("UPDATE gateway.upsert_bucket SET turn = turn + 1 WHERE bucket = ANY(%s)", list(buckets)))
