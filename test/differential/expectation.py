"""The expected answer of the API, in plain code: it asks Odoo's ORM as the same user, one record and one field at a time.
It follows the API's contract (values, envelope, statuses) and uses only one part of the gateway's code: the list of
secret fields.
"""

import json
import traceback

from odoo.exceptions import AccessDenied, AccessError, MissingError, UserError
from odoo.models import BaseModel

from odoo.addons.api_gateway.tools.secret_fields import is_secret

# Represents a value that the ORM shows or refuses, depending on what a rule that ran as superuser has left in its
# cache. The API may do either.
UNDECIDED = "\0undecided"

NEVER_EXPOSED = (
    "res.users.apikeys",
    "res.users.apikeys.",
    "ir.config_parameter",
    "res.config.settings",
    "change.password.",
    "res.users.identitycheck",
    "ir.actions.server",
    "ir.actions.server.",
    "ir.cron",
    "ir.cron.",
    "ir.rule",
    "ir.model.access",
    "ir.mail_server",
    "gateway.",
    "ir.actions.actions",
    "ir.actions.todo",
    "ir.qweb",
    "ir.qweb.",
    "auth_totp.",
    "auth.totp.",
    "auth.passkey.",
)

# Fields whose computation reads a model of this list as the user, if another field is set. The gateway refuses them.
COMPUTED_FROM_HIDDEN = {("website.snippet.filter", "model_name"): "action_server_id"}

# The model of the record that a row belongs to.
BELONGS = {
    "ir.attachment": "res_model",
    "mail.activity": "res_model",
    "mail.followers": "res_model",
    "mail.message": "model",
    "mail.scheduled.message": "model",
    "mail.tracking.value": "mail_message_id.model",
    "rating.rating": "res_model",
}


def is_hidden(model_name):
    return any(model_name == name or (name.endswith(".") and model_name.startswith(name)) for name in NEVER_EXPOSED)


def is_accessible(model, field):
    """Whether the user may read the field at all."""
    if is_secret(field) or (field.relational and is_hidden(field.comodel_name)):
        return False
    return model._has_field_access(field, "read")


def expect(env, question):
    """Returns {"status", "data"?, "total"?, "omitted"?, "pages"?}, or {"status", "why"} for a refusal.

    What Odoo computes may depend on its cache: a name that was read as superuser is shown to the user, otherwise it is
    refused. With `afresh`, the cache is cleared before each field.
    """
    if question.get("afresh"):
        env = env(context={**env.context, "differential_afresh": True})
    try:
        env.companies  # noqa: B018  raises for one that is not the user's
        model = env[question["model"]]
        model.check_access("read")
        answer = {"list": _list, "one": _one, "pages": _pages, "call": _call}[question["kind"]](model, question)
        return {"status": 200, **answer, "undecided": json.dumps(UNDECIDED) in json.dumps(answer)}
    except LookupError as exc:
        if exc.args == ("gone",):
            return {"status": 404, "why": "there is no such record for this user"}
        return {"status": 400, "why": repr(exc)}
    except (AccessError, AccessDenied) as exc:
        return {"status": 403, "why": f"{exc}\n{''.join(traceback.format_tb(exc.__traceback__)[-6:])}"}
    except MissingError as exc:
        return {"status": 404, "why": str(exc)}
    except UserError as exc:
        return {"status": 422, "why": str(exc)}
    except ValueError as exc:  # a condition that makes no sense
        return {"status": 400, "why": str(exc)}


def _list(model, question):
    tree, omitted = _tree(model, question)
    records = _search(model, question, question["limit"], question["offset"])
    answer = {"data": [_record(record, tree) for record in records], "omitted": omitted}
    if question["count"]:
        answer["total"] = len(_without_hidden(model.search(question["domain"])))
    return answer


def _pages(model, question):
    tree, _omitted = _tree(model, question)
    pages = []
    for page in range(question["pages"]):
        records = _search(model, question, question["limit"], page * question["limit"])
        pages.append([_record(record, tree) for record in records])
        if len(records) < question["limit"]:
            break
    return {"pages": pages}


def _call(model, question):
    records = model.browse(*question["args"])
    result = getattr(records, question["method"])(**question["kwargs"])
    return {"data": json.loads(json.dumps(result.ids if isinstance(result, BaseModel) else result, default=_written))}


def _written(value):
    return str(value)[:19]


def _one(model, question):
    tree, omitted = _tree(model, question)
    record = _visible(model.browse(question["id"]))
    if not record:
        raise LookupError("gone")
    return {"data": _record(record, tree), "omitted": omitted}


def _search(model, question, limit, offset):
    order = question["order"] or model._order
    # With the id as the last term, no two records share a position.
    if "id" not in [term.split()[0] for term in order.split(",")]:
        order += ", id"
    if type(model)._search is not BaseModel._search or model._name in BELONGS:
        # For messages and attachments, Odoo removes hidden records only after reading a page, so pages could come back
        # short.
        return _without_hidden(model.search(question["domain"], order=order))[offset : offset + limit]
    return model.search(question["domain"], order=order, limit=limit, offset=offset)


def _tree(model, question):
    """Returns {name: inner tree or None}, and the list of default fields that the user may not read."""
    if question["tree"] is not None:
        _check(model, question["tree"])
        return question["tree"], []
    tree, omitted = {}, []
    for name, field in model._fields.items():
        if name == "id" or not field.store or field.type in ("binary", "one2many", "many2many") or not field.column_type:
            continue
        if is_accessible(model, field):
            tree[name] = None
        else:
            omitted.append(name)
    return tree, sorted(omitted)


def _check(model, tree):
    for name in tree:
        if not is_accessible(model, model._fields[name]):
            raise AccessError(f"{model._name}.{name}")


def _visible(records):
    if not records.browse().has_access("read"):
        return records.browse()
    found = records.with_context(active_test=False).search([("id", "in", records.ids)])
    return _without_hidden(records.browse(id_ for id_ in records.ids if id_ in found._ids))


def _without_hidden(records):
    """Messages and attachments belong to a record; those of a never-exposed record are not exposed, either."""
    path = BELONGS.get(records._name)
    if path is None:
        return records
    return records.filtered(lambda record: not is_hidden(next(iter(record.sudo().mapped(path)), "") or ""))


def _record(record, tree):
    return {"id": record.id, **{name: _value(record, name, inner) for name, inner in tree.items()}}


def _value(record, name, inner):
    cause = COMPUTED_FROM_HIDDEN.get((record._name, name))
    if cause and record.sudo()[cause]:
        return UNDECIDED
    try:
        return _shown(record, name, inner)
    except AccessError:
        return UNDECIDED


def _shown(record, name, inner):
    field = record._fields[name]
    if field.store and field.type in ("one2many", "many2many"):
        # A rule that uses the field leaves its value in the cache, where the ORM finds it without checking access
        # again.
        record.env[field.comodel_name].check_access("read")
    if record.env.context.get("differential_afresh"):
        record.env.invalidate_all(flush=False)
    value = record[name]
    if name == "id":
        return record.id
    if field.type == "many2one":
        return _many2one(value, inner)
    if field.type in ("one2many", "many2many"):
        return value.ids if inner is None else [_record(line, inner) for line in _visible(value)]
    if field.type == "properties":
        definitions = record.read([name])[0][name]
        return [_property(definition) for definition in definitions] if definitions is not False else None
    if field.type == "reference":
        return {"model": value._name, "id": value.id} if value else None
    if field.type == "many2one_reference":
        return value or None
    return _plain(field.type, value)


def _plain(kind, value):
    if kind in ("boolean", "integer", "float", "monetary"):
        return value
    if value is False or value is None:
        return None
    if kind == "date":
        return value.isoformat()
    if kind == "datetime":
        return value.replace(microsecond=0).isoformat() + "Z"
    if kind == "binary":
        return value.decode() if isinstance(value, bytes) else value
    if kind in ("char", "text", "html", "selection") and isinstance(value, str):
        return str(value) or None
    return value


def _many2one(value, inner):
    if not value:
        return None
    if inner is not None and (visible := _visible(value)):
        return _record(visible, inner)
    try:
        name = value.sudo().display_name or None
    except MissingError:
        name = None
    # The name is requested as a field, or is shown instead of all fields.
    return {"id": value.id, "display_name" if inner and "display_name" in inner else "name": name}


def _property(definition):
    value, kind = definition.get("value"), definition["type"]
    if "value" not in definition:
        return definition
    if kind == "many2one":
        value = {"id": value[0], "name": value[1] or None} if value else None
    elif kind == "many2many":
        value = [{"id": id_, "name": name or None} for id_, name in value] if value else value or None
    elif kind == "datetime":
        value = value.replace(" ", "T") + "Z" if value else None
    elif (kind != "boolean" and value is False) or (kind in ("char", "text", "html") and value == ""):
        value = None
    return {**definition, "value": value}
