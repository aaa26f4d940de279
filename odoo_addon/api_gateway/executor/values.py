"""Values sent by callers. All names and links in them are checked before the ORM sees them."""

from collections import defaultdict
from contextlib import contextmanager

from psycopg2 import DataError
from psycopg2.errors import ProgramLimitExceeded

from odoo.fields import Command

from .binaries import from_base64, holds_bytes, kind
from .documents import add_documents, add_files, check_model_name, check_named_fields, names_model, pairs, readable_ids
from .doors import check_doors, check_template_links
from .errors import RefusalError
from .faults import DECIMAL, WHOLE, check_number, malformed, record_id, shorten
from .lines import Lines, is_owned
from .properties import check_properties
from .reach import DELETE, READ, WRITE
from .stored_texts import check_stored_texts

CREATE, UPDATE, DELETE_RECORD, UNLINK, LINK, CLEAR, SET = range(7)
MAX_INDEXED = 2704  # the size in bytes that a value may have in an index; Postgres may compress longer values
ENDS_OF_TIME = ("0001", "9999")  # Odoo adds an hour or a day to times, and later times would overflow
TEXTS = frozenset(["char", "text", "html"])
NUMERIC = WHOLE | DECIMAL
LENGTHS = {CREATE: 3, UPDATE: 3, DELETE_RECORD: 2, UNLINK: 2, LINK: 2, CLEAR: 1, SET: 3}


def check_values(reach, model, values_list, parents=None, is_trial=False):
    """Refuse values that name anything the call may not reach: fields, models, records, lines of other records.

    :param parents: for each of the values, the ids of the records to which they are written; None if they create new
    ones
    :param is_trial: the values are not stored; the caller only wants their effects (`onchange`). The answer may show
        fields of linked records, so a caller that may not store the values must be allowed to read those."""
    named = Named()
    for position, values in enumerate(values_list):
        _check_record(reach, model, values, tuple(parents[position]) if parents else (), named)
    for comodel_name, targets in named.links.items():
        if is_trial and not reach.permits(model._name, WRITE):
            reach.require(comodel_name, READ)
        _check_links(model.env[comodel_name], targets)
        if comodel_name == "mail.template" and not model._transient:
            check_template_links(reach, model.env, targets)
    named.lines.check(model.env)


class Named:
    """Other records that values refer to: `links`, which is `{model: {id: field}}`, and `lines`."""

    def __init__(self):
        self.links = defaultdict(dict)
        self.lines = Lines()


@contextmanager
def explain_values(model, values_list):
    """Turn the error that a field raises for a wrong value (a ValueError, or one of Postgres) into a refusal that names
    the field."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, DataError, ProgramLimitExceeded) as exc:
        for values in values_list:
            for field, value in _leaves(model, values):
                if fault := _fault(model.env[field.model_name], field, value, exc):
                    raise RefusalError(
                        "odoo.validation",
                        f"The field {field.name} of {field.model_name} cannot be set to {shorten(value)}: {fault}",
                        model=field.model_name,
                        field=field.name,
                    ) from exc
        raise


def _check_record(reach, model, values, parents, named):
    if type(values) is not dict:
        raise RefusalError("odoo.arguments", f"The values of {model._name} are not an object.", model=model._name)
    for name, value in values.items():
        field = reach.field(model, name, WRITE)
        if reach.is_narrowed and name in model._inherits.values():
            _check_parent(reach, model, field, value, parents)
        if field.type in ("one2many", "many2many"):
            _check_commands(reach, model, field, value, parents, named)
        elif field.type in ("properties", "properties_definition"):
            check_properties(reach, model, field, values, parents, named.links)
        elif value == "" and field.type in TEXTS and not reach.is_bare:
            values[name] = False  # the format of Odoo's web client
        elif type(value) is str and holds_bytes(field):
            values[name] = from_base64(field, value)
        else:
            _check_value(reach, model, field, value, named.links)
    check_doors(reach, model.browse(parents), values)
    check_named_fields(reach, model, values, parents)
    check_stored_texts(reach, model, values, parents)
    if pairs(model):
        add_documents(reach, model, values, parents, named.links)


def _check_parent(reach, model, field, value, parents):
    """Check the record from which a model inherits fields (a user's contact). If it could be replaced, the new record
    could be read and written through this one."""
    if value and not (parents and all(stored[field.name].id == value for stored in model.sudo().browse(parents))):
        reach.require(field.comodel_name, READ)
        reach.require(field.comodel_name, WRITE)


def _check_value(reach, model, field, value, links):
    if value is False or value is None:
        return
    if names_model(field):
        check_model_name(reach, model.env, field, value)
    elif field.type == "many2one":
        links[field.comodel_name][record_id(field, value)] = field
    elif field.type == "reference":
        _check_reference(reach, model.env, field, value, links)
    elif type(value) in (list, dict) and kind(field) != "json":
        raise malformed(field, value)
    elif field.type in NUMERIC:
        check_number(field, value, is_bare=reach.is_bare)
    add_files(field, value, links)
    if field.type == "selection" and value:
        _check_choice(model.env, field, value)


def _check_choice(env, field, value):
    """Refuse unknown choices. Odoo itself accepts some unknown choices, such as a contact's language."""
    if not {value, str(value)} & set(field.get_values(env)):
        raise malformed(field, value)


def _check_commands(reach, model, field, value, parents, named):
    if value is False or value is None:
        return
    if type(value) not in (list, tuple):
        raise malformed(field, value)
    linked = set()
    for command in value:
        if type(command) is int:
            command = [SET, 0, [command]]
        if type(command) not in (list, tuple) or not command:  # tuples: created by load() from cells
            raise malformed(field, command)
        if type(command[0]) not in (int, Command) or not CREATE <= command[0] <= SET:
            raise malformed(field, command)
        if len(command) < LENGTHS[command[0]]:
            raise malformed(field, command)
        _require_scopes(reach, model, field, command[0])
        _check_command(reach, model, field, command, parents, linked, named)


def _check_command(reach, model, field, command, parents, linked, named):
    """`linked`: the records that earlier commands of the field link; they are checked together."""
    code, comodel = command[0], model.env[field.comodel_name]
    if code == CREATE:
        _check_record(reach, comodel, command[2], (), named)
    elif code in (UPDATE, DELETE_RECORD, UNLINK):
        id_ = record_id(field, command[1])
        if (code == UPDATE and id_ not in linked) or code == DELETE_RECORD or (code == UNLINK and is_owned(field)):
            named.lines.add(field, parents, id_)
        if code == UPDATE:
            _check_record(reach, comodel, command[2], (id_,), named)
    elif code in (LINK, SET):
        targets = [command[1]] if code == LINK else command[2]
        if type(targets) not in (list, tuple):
            raise malformed(field, command)
        for target in targets:
            linked.add(record_id(field, target))
            named.links[comodel._name][target] = field
            if is_owned(field):
                named.lines.add(field, parents, target, is_link=True)


def _require_scopes(reach, model, field, code):
    """Require the scopes for a command's effect on the other model. Links of a many2many belong to this model."""
    if code in (CREATE, UPDATE) or (field.type == "one2many" and code != DELETE_RECORD):
        reach.require(field.comodel_name, WRITE, "create" if code == CREATE else "write")
    if code == DELETE_RECORD or (field.type == "one2many" and code in (UNLINK, CLEAR, SET) and _cascades(model, field)):
        reach.require(field.comodel_name, DELETE)


def _cascades(model, field):
    """Removing a line from its parent deletes the line if it cannot exist without one."""
    inverse = model.env[field.comodel_name]._fields.get(field.inverse_name)
    return inverse is None or getattr(inverse, "ondelete", None) == "cascade"


def _check_reference(reach, env, field, value, links):
    model_name, _, id_ = value.partition(",") if type(value) is str else ("", "", "")
    if not id_.isdecimal() or model_name not in env.registry:
        raise malformed(field, value)
    reach.model(env, model_name, READ)
    links[model_name][record_id(field, int(id_))] = field


def _check_links(comodel, targets):
    """Refuse linked records that the caller could not have found."""
    readable = readable_ids(comodel, targets)
    for id_, field in targets.items():
        if id_ not in readable:
            raise RefusalError(
                "odoo.validation",
                f"The field {field.name} of {field.model_name} links to {comodel._name} {id_}, which does not exist or "
                "which you may not read.",
                model=field.model_name,
                field=field.name,
            )


def _leaves(model, values):
    for name, value in values.items():
        field = model._fields[name]
        if field.type not in ("one2many", "many2many"):
            yield field, value
            continue
        for command in value or ():
            if type(command) is list and command[0] in (CREATE, UPDATE):
                yield from _leaves(model.env[field.comodel_name], command[2])


def _fault(model, field, value, exc):
    if isinstance(exc, OverflowError) and field.type in ("date", "datetime") and str(value)[:4] in ENDS_OF_TIME:
        return "it is too close to the end of the calendar."
    if isinstance(exc, ProgramLimitExceeded):
        is_too_long = field.index and type(value) is str and len(value.encode()) > MAX_INDEXED
        return "it is too long to be indexed." if is_too_long else None
    try:
        field.convert_to_cache(value, model, validate=True)
    except Exception as exc:
        return str(exc)
    return None
