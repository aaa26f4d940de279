"""Fields that people cannot write in Odoo: read-only ones, and the state of a document, which its buttons change.
Clients often send whole records back. So unchanged fields are ignored and named in the answer; changed ones are
refused. Methods, including `write`, accept everything that Odoo accepts."""

import json
import math

from odoo.fields import Command
from odoo.models import LOG_ACCESS_COLUMNS

from .answer import encode
from .errors import RefusalError
from .reach import READ

X2MANY = frozenset(["one2many", "many2many"])
NUMBERS = frozenset(["integer", "float", "monetary"])
# Odoo itself drops these fields from values.
OWN = frozenset(["id", *LOG_ACCESS_COLUMNS])
# JSON libraries that write 15 digits change the last ones of a number.
TOLERANCE = 1e-14


class ReadOnly:
    """The values for read-only fields in one operation. They are not written, and they are refused unless the record
    has the same values."""

    def __init__(self, reach):
        self._reach = reach
        self._expected = []
        self._refused = []
        self.ignored = []
        """Paths of the ignored values: `amount_total`, `order_line[0].price_subtotal`."""

    def of_update(self, records, values):
        self._set_aside(records, values)
        self._refuse_changed(records)

    def of_creation(self, model, values_list):
        for index, values in enumerate(values_list):
            self._set_aside(model, values, f"[{index}]." if len(values_list) > 1 else "", index=index)
        self._refuse_changed(model)

    def drop_unchanged(self, records, values):
        """Leave out values that the records already have. Some models refuse a write that merely contains a certain
        field (a company's parent), and a record may link to one that its caller cannot see. Returns the values that
        were left out."""
        dropped = {}
        for name in list(values) if type(values) is dict else ():
            field = records._fields.get(name)
            if field and all(self._is_same(record, field, values[name]) for record in records):
                dropped[name] = values.pop(name)
        return dropped

    def check_dropped(self, records, dropped):
        """Check that the records still have the values that were left out: computed fields may have changed with the
        other values."""
        for name, value in dropped.items():
            field = records._fields[name]
            if not all(self._is_same(record, field, value) for record in records):
                self._refused.append(name)
        self._refuse_changed(records)

    def check_created(self, records):
        """Compare the values sent for computed fields with those that Odoo computed."""
        for index, path, field, value in self._expected:
            self._sort(path, self._is_same(records[index], field, value))
        self._refuse_changed(records)

    def _set_aside(self, records, values, prefix="", line_of=None, index=None):
        """`records`: the records that are written, or the empty model for a new one. `line_of`: the field whose
        lines these are."""
        for name in list(values) if type(values) is dict else ():
            field = records._fields.get(name)
            if field is None:
                continue
            if _is_writable(records, field, line_of) or not (records or _is_made(records, field)):
                if field.type in X2MANY and type(values[name]) is list:
                    self._set_aside_in_lines(records.env[field.comodel_name], field, values[name], prefix + name)
                continue
            value = values.pop(name)
            if index is not None:
                self._expected.append((index, prefix + name, field, value))
            else:
                same = bool(records) and all(self._is_same(record, field, value) for record in records)
                self._sort(prefix + name, same)

    def _set_aside_in_lines(self, comodel, field, commands, path):
        is_set = commands and type(commands[0]) is list and commands[0][:1] == [Command.SET]
        for position, command in enumerate(commands):
            if type(command) is not list or len(command) < 3 or command[0] not in (Command.CREATE, Command.UPDATE):
                continue
            line = comodel
            if command[0] == Command.UPDATE and type(command[1]) is int:
                line = comodel.browse(command[1])
            place = f"{path}.set" if is_set else f"{path}[{position}]"
            self._set_aside(line, command[2], f"{place}.", field)

    def _sort(self, path, is_same):
        (self.ignored if is_same else self._refused).append(path)

    def _refuse_changed(self, model):
        if not self._refused:
            return
        names = ", ".join(self._refused)
        text = (
            f"These fields of {model._name} cannot be written: {names}. Leave them out, or send them as you read them."
        )
        if any(path.rpartition(".")[2] == "state" for path in self._refused):
            text += " To change the state of a document, call its methods, as its buttons in Odoo do."
        raise RefusalError("odoo.validation", text, model=model._name, field=self._refused[0], fields=self._refused)

    def _is_same(self, record, field, value):
        """Whether the record has the value. False if the caller may not read it."""
        may_read = self._reach.permits(record._name, READ) and self._reach.shows(field)
        if not may_read or not record._has_field_access(field, "read"):
            return False
        current = record[field.name]
        if field.type in X2MANY:
            return self._changes_nothing(current, value)
        if not value or not current:
            return not value and not current
        if field.type in NUMBERS:
            return type(value) in (int, float) and math.isclose(current, value, rel_tol=TOLERANCE)
        if field.type in ("many2one", "reference"):
            return value == (current.id if field.type == "many2one" else f"{current._name},{current.id}")
        if field.type in ("date", "datetime"):
            return value == field.to_string(current)
        return value == json.loads(encode(current))

    def _changes_nothing(self, current, commands):
        """Whether commands of an x2many field leave it and its records as they are."""
        if not commands:
            return not current
        return type(commands) is list and all(self._changes_no_line(current, command) for command in commands)

    def _changes_no_line(self, current, command):
        code, id_, values = [*command, None, None, None][:3] if type(command) is list else [Command.LINK, command, None]
        if code == Command.SET:
            return type(values) is list and sorted(map(str, values)) == sorted(map(str, current.ids))
        if code not in (Command.LINK, Command.UPDATE) or id_ not in current.ids:
            return False
        if code == Command.LINK:
            return True
        line = current.browse(id_)
        return type(values) is dict and all(
            name in line._fields and self._is_same(line, line._fields[name], value) for name, value in values.items()
        )


def _is_writable(model, field, line_of):
    if field.name in OWN:
        return False
    if not field.readonly and not _is_state(model, field):
        return True
    views = model.env["ir.ui.view"]
    if views._gateway_lets_write(model._name, (field.name,)):
        return True
    return line_of is not None and views._gateway_lets_write(line_of.model_name, (line_of.name, field.name))


def _is_made(model, field):
    """Whether Odoo itself sets the field of a new record. Other fields may be set when a record is created."""
    return bool(field.compute) or field.name in OWN or _is_state(model, field)


def _is_state(model, field):
    return field.name == "state" and field.type == "selection" and not model._transient
