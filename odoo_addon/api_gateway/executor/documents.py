"""A model's name with an id is a link, and is checked like one: `res_model` and `res_id` of an attachment, `model` and
`res_ids` of a message that is being composed, `active_model` and `active_ids` of a context."""

import json
import re
from weakref import WeakKeyDictionary

from odoo.exceptions import MissingError

from .bounds import MAX_IDS
from .errors import RefusalError
from .faults import MAX_INTEGER, record_id
from .reach import READ, WRITE

# Fields that contain an id, or a string of ids, but are not declared as many2one_reference. The field for the model has
# the same prefix.
ID = re.compile(r"(?P<prefix>\w*?)(res|record|document)_ids?")
MODELS = ("res_model", "model", "res_model_id", "model_id")
OTHER_PAIRS = {"alias_force_thread_id": "alias_model_id", "alias_parent_thread_id": "alias_parent_model_id"}
# Strings and selections that name a model.
NAMES = frozenset(["model", "model_id", "model_name", "res_model", "resource", "resource_model"])

# JSON fields that contain ids of files.
FILES = re.compile("attachment")
# Text fields whose value is the name of a field. Another field names the model of that field.
FIELD_NAMES = re.compile(r"(?:^|_)field_names?$")

_field_names = WeakKeyDictionary()
_pairs = WeakKeyDictionary()


def check_document(reach, env, model_name, ids, label="The argument"):
    """Refuse records of a model that a string names, unless the caller may read the model and all the records.

    `ids`: one id or a list. The error message begins with `label`: "The argument res_ids". This also checks arguments
    of methods."""
    ids = ids if type(ids) in (list, tuple) else [ids]
    if len(ids) > MAX_IDS or not all(type(id_) is int and 0 < id_ < MAX_INTEGER for id_ in ids):
        raise RefusalError("odoo.arguments", f"{label} must be an id or a list of at most {MAX_IDS} ids.")
    model = reach.model(env, model_name, READ)
    if missing := set(ids) - readable_ids(model, ids):
        raise RefusalError(
            "odoo.validation",
            f"{label} links to {model_name} {min(missing)}, which does not exist or you may not read.",
            model=model_name,
        )


def readable_ids(model, ids):
    """The ids that the caller could have found in a search."""
    if not model.has_access("read"):
        return set()
    return set(model._search([("id", "in", list(ids))], active_test=False).get_result_ids())


def check_model_name(reach, env, field, value):
    """Refuse a value that names a model which the call may not read. Users without access to `ir.model` may still link
    to a model: only their rights on that model matter."""
    model_name = named_model(env, field, value)
    if model_name in env.registry:
        # Mail to an alias creates records of the alias's model.
        reach.model(env, model_name, WRITE if field.name == "alias_model_id" else READ, abstract=True)
    elif field.type == "many2one" or type(value) is not str:
        raise RefusalError(
            "odoo.validation",
            f"The field {field.name} of {field.model_name} cannot be set to {value!r:.80}: it is not a model.",
            model=field.model_name,
            field=field.name,
        )


def names_model(field):
    return (field.type in ("char", "selection") and field.name in NAMES) or (
        field.type == "many2one" and field.comodel_name == "ir.model"
    )


def add_documents(reach, model, values, parents, links):
    """Add the records to which pairs of a model and an id in the values link. A missing half of a pair is read from the
    stored record.

    `links`: {model: {id: field}}. `parents`: the ids of the records that the values are written to; () for a new
    one."""
    for id_name, names in pairs(model):
        if id_name not in values and names.isdisjoint(values):
            continue
        field = model._fields[id_name]
        missing = set() if id_name in values else {id_name}
        if names.isdisjoint(values):
            missing |= names
        for others in stored(model, missing, parents):
            both = {**others, **values}
            ids = _ids(field, both.get(id_name))
            for target in {named_model(model.env, model._fields[name], both.get(name)) for name in names}:
                if ids and target in model.env.registry and not model.env.registry[target]._abstract:
                    reach.model(model.env, target, READ)
                    links[target].update((id_, field) for id_ in ids)


def add_files(field, value, links):
    """Add the files named in a widget's JSON, `[{"id": 7, "name": "terms.pdf"}]`, because Odoo sends them to people."""
    if field.type != "json" or not FILES.search(field.name):
        return
    unread = [value]  # a loop, not recursion: a body may be nested as deep as the JSON parser allows
    while unread:
        part = unread.pop()
        if type(part) is list:
            unread.extend(part)
        elif type(part) is dict:
            unread.extend(part.values())
            try:
                id_ = int(part.get("id"))
            except (ValueError, TypeError, OverflowError):
                continue  # a file that does not exist yet: `placeholder_7`
            links["ir.attachment"][record_id(field, id_)] = field


def check_named_fields(reach, model, values, parents):
    """Refuse a string that names a field (`number_field_name` beside `res_model`) unless the caller may read and write
    that field: Odoo shows and sets its value. `parents` as for `add_documents`."""
    names, sources = _named_fields(model)
    if not names or names.union(sources).isdisjoint(values):
        return
    for others in stored(model, names.union(sources).difference(values), parents):
        both = {**others, **values}
        targets = {named_model(model.env, model._fields[name], both.get(name)) for name in sources}
        for target in targets & model.env.registry.models.keys():
            for name in names:
                if type(both.get(name)) is str:
                    _check_field_paths(reach, model.env[target], both[name])


def _named_fields(model):
    """({the text fields whose values are names of fields}, {the fields with the model of those fields})"""
    count, *found = _field_names.get(type(model), (0, set(), set()))
    if count != len(model._fields):
        sources = {name for name in (*MODELS, "model_name") if name in model._fields}
        named = {
            name
            for name, field in model._fields.items()
            if sources and field.type in ("char", "text", "selection") and FIELD_NAMES.search(name)
        }
        found = named - sources, sources
        _field_names[type(model)] = len(model._fields), *found
    return found


def _check_field_paths(reach, model, text):
    """Check the fields and paths in a string such as `phone`, `partner_id.phone` or `name,list_price:monetary`."""
    for path in re.split(r"[,;\s]+", text):
        owner = model
        for name in path.partition(":")[0].split("."):
            if name not in owner._fields:
                break
            field = reach.field(owner, name)
            owner._check_field_access(field, "read")
            reach.require(owner._name, WRITE)
            reach.field(owner, name, WRITE)
            if not field.relational:
                break
            owner = owner.env[field.comodel_name]


def pairs(model):
    """[(the field with the id, {the fields with the model of that id})]"""
    count, found = _pairs.get(type(model), (0, None))
    if count != len(model._fields):  # a custom field was added, or this is the first call
        found = []
        for name, field in model._fields.items():
            if field.type == "many2one_reference":
                names = [field.model_field]
            elif field.type not in ("integer", "char", "text"):
                continue
            elif match := ID.fullmatch(name):
                names = [match["prefix"] + other for other in MODELS]
            else:
                names = [OTHER_PAIRS.get(name)]
            if names := set().union(*(_sources(model, other) for other in names)):
                found.append((name, names))
        _pairs[type(model)] = len(model._fields), found
    return found


def _sources(model, name):
    """The field that names the model, and the link to `ir.model` from which it is copied: `res_model_id.model`."""
    field = model._fields.get(name)
    if field is None:
        return set()
    source = model._fields[field.related.partition(".")[0]] if field.related else field
    return {name, source.name} if source.type == "many2one" and source.comodel_name == "ir.model" else {name}


def stored(model, names, parents):
    """The missing half of a pair: the value in each record that is written to, or the default for a new record."""
    if not names:
        return [{}]
    if not parents:
        return [model.default_get(list(names))]
    return [{name: record[name] for name in names} for record in model.sudo().browse(parents)]


def named_model(env, field, value):
    """The model's name in the value of a field that refers to a model."""
    if field.type == "many2one":
        if field.comodel_name != "ir.model":
            return None
        id_ = value if type(value) is int and 0 < value < MAX_INTEGER else getattr(value, "id", None)
        try:
            return env["ir.model"].sudo().browse(id_).model if id_ else None
        except MissingError:
            return None
    return value if type(value) is str else None


def _ids(field, value):
    if type(value) is int:
        return [value] if value > 0 else []
    if not value:
        return []
    try:
        ids = json.loads(value)
    except (ValueError, TypeError):
        ids = None
    ids = ids if type(ids) is list else [ids]
    if len(ids) > MAX_IDS or not all(type(id_) is int and 0 < id_ < MAX_INTEGER for id_ in ids):
        raise RefusalError(
            "odoo.validation",
            f"The field {field.name} of {field.model_name} is not a list of ids like [1, 2].",
            model=field.model_name,
            field=field.name,
        )
    return ids
