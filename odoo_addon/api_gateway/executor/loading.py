"""`load` turns the columns and cells of a file into values. They are checked like all values, whether the caller calls
`load` or a module's method does so for the caller."""

from odoo.orm.models import fix_import_export_id_paths

from .errors import RefusalError
from .expressions import check_name_search
from .reach import WRITE
from .values import check_values

IDS = ("id", ".id")  # an external id, and the database's


def check_load(reach, model, fields, rows):
    """Refuse columns of fields or models that the call may not write. `fields`: as in `load`, `child_ids/name`,
    `country_id/.id`; `rows`: a list of lists. Links in cells are checked during loading, because they are not known
    earlier."""
    if type(fields) is not list or not all(type(path) is str for path in fields):
        raise RefusalError("odoo.arguments", "'fields' is not a list of columns.", argument="fields")
    if type(rows) is not list or not all(type(row) is list for row in rows):
        raise RefusalError("odoo.arguments", "'data' is not a list of rows.", argument="data")
    reach.require(model._name, WRITE)
    creating = model.env.context.get("name_create_enabled_fields") or {}
    for path in fields:
        names = fix_import_export_id_paths(path)
        _check_column(reach, model, names, bool(creating.get("/".join(names))) if type(creating) is dict else True)


class Loading:
    """Checks the values that are loaded while a call runs. `load` turns every exception into a message about a row, so
    a refusal is kept and raised when `load` has finished."""

    def __init__(self, reach):
        self._reach = reach
        self._refusal = None

    def check_columns(self, model, fields, rows):
        check_load(self._reach, model, fields, rows)

    def check_values(self, model, values_list, parents):
        try:
            check_values(self._reach, model, values_list, parents)
        except RefusalError as exc:
            self._refusal = self._refusal or exc
            raise

    def check_lookup(self, model, field, is_by_name):
        """The model to which a cell refers. In a column of properties, only the cell says which model that is."""
        creating = model.env.context.get("name_create_enabled_fields")
        try:
            comodel = self._reach.known(model.env, field.comodel_name)
            if is_by_name:
                check_name_search(self._reach, comodel)
                if creating and (type(creating) is not dict or creating.get(field.name)):
                    self._reach.require(comodel._name, WRITE, "create")
        except RefusalError as exc:
            self._refusal = self._refusal or exc
            raise

    def end(self):
        if self._refusal:
            raise self._refusal


def _check_column(reach, model, names, creates):
    name, *rest = names
    if name in IDS:
        return
    field = reach.field(model, name.partition(".")[0], WRITE)  # `properties.color`
    if not field.relational or field.type == "properties":
        return
    comodel = model.env[field.comodel_name]
    if not rest:
        check_name_search(reach, comodel)
        if creates:
            reach.require(comodel._name, WRITE, "create")
    elif field.type == "one2many":
        reach.require(comodel._name, WRITE)
        _check_column(reach, comodel, rest, creates)
    elif rest[0] not in IDS:
        reach.require(comodel._name, WRITE)
