"""Names in the arguments of the ORM's own methods: domains, fields, orders, specifications and values."""

import inspect
import re

from odoo.exceptions import AccessError
from odoo.orm.models import fix_import_export_id_paths

from . import special_methods
from .bounds import check_sizes
from .budget import check_length, joins_of, joins_of_order
from .context import checked_context
from .errors import RefusalError
from .expressions import check_order, check_sorting
from .naming import plain_names
from .reach import READ
from .special_methods import check_valid_domain
from .values import check_values
from .weighing import weigh

# `amount_total:sum`, `create_date:month`, `total:sum(amount_total)`: only the field counts.
AGGREGATED = re.compile(r"\w+:\w+\((?P<field>\w+)\)")  # read_group ignores the rest


def check_named(reach, records, method, bound, is_trial):
    """Check the arguments of a method that every model has, and the size of its answer; returns the arguments that
    are values to be written. `is_trial`: the method only reads, so no values are written."""
    signature = inspect.signature(getattr(records.env.registry["base"], method))
    arguments = _by_name(bound, signature)
    check_sizes(arguments)
    check, own = special_methods.CHECKS.get(method, (None, ()))
    if check:
        check(reach, records, arguments)
    domain = signature.parameters.get("domain")
    if domain and domain.default is domain.empty and arguments.get("domain", []) is None:
        raise RefusalError("odoo.domain", "A domain must be a list of conditions.")
    # If the argument were a string, Odoo would describe all fields whose names occur in it.
    if reach.is_bare and method in ASKING and type(arguments.get(ASKING[method])) is list:
        own = {*own, ASKING[method]}
        _leave_out_unknown(reach, records, method, arguments.get(ASKING[method]))
    for parameter, argument in arguments.items():
        if parameter in CHECKS and parameter not in own and argument is not None and argument is not False:
            CHECKS[parameter](reach, records, argument)
    values = arguments.get(VALUES.get(method)) or []
    values_list = values if type(values) is list else [values]
    check_values(reach, records, values_list, _written(records, method, values_list), is_trial)
    weigh(reach, records, method, arguments)
    return values_list


def _leave_out_unknown(reach, model, method, names):
    """Leave out names of fields that do not exist: scripts ask for a field to see whether it exists. Fields that are
    closed to the credential are refused as usual."""
    known = []
    for name in names:
        try:
            _check_paths(reach, model, name)
            known.append(name)
        except AccessError:  # a field for other groups of users
            continue
        except RefusalError as exc:
            if exc.reason != "odoo.field":
                raise
    if method == "default_get":
        names[:] = known
    # `fields_get` leaves unknown names out by itself, and without any name it would describe all fields.


def _written(records, method, values_list):
    """For each of the values, the ids of the records to which it is written."""
    if method not in ("write", "web_save", "web_save_multi", "web_override_translations", "onchange"):
        return None
    if method != "web_save_multi":
        return [records.ids] * len(values_list)
    if len(records) != len(values_list):
        raise RefusalError("odoo.arguments", "'vals_list' must hold one object for each record.", argument="vals_list")
    return [[id_] for id_ in records.ids]


def _by_name(bound, original):
    """The arguments by the ORM's names, and also by the names in the model's override where these differ."""
    names = [name for name, parameter in original.parameters.items() if parameter.kind is not parameter.VAR_KEYWORD]
    named = {}
    position = 0
    for name, parameter in bound.signature.parameters.items():
        if name in bound.arguments:
            argument = bound.arguments[name]
            if parameter.kind is parameter.VAR_KEYWORD:
                named.update(argument)
                continue
            if parameter.kind is parameter.VAR_POSITIONAL:
                named.update(zip(names[position:], argument, strict=False))
                continue
            named[name] = argument
            if parameter.kind is not parameter.KEYWORD_ONLY and position < len(names):
                named[names[position]] = argument
        position += 1
    return named


def _check_having(reach, model, having):
    for term in having if type(having) is list else [having]:
        if type(term) is list and term:
            _check_path(reach, model, term[0])


def _check_paths(reach, model, paths):
    for path in paths if type(paths) is list else [paths]:
        if type(path) is list:
            _check_paths(reach, model, path)
        else:
            _check_path(reach, model, path)


def _check_columns(reach, model, columns):
    """Columns as `export_data` reads them: `partner_id:id…` means `partner_id/id…`."""
    if type(columns) is not list or not all(type(path) is str for path in columns):
        raise RefusalError(
            "odoo.arguments", "'fields_to_export' is not a list of columns.", argument="fields_to_export"
        )
    _check_paths(reach, model, ["/".join(fix_import_export_id_paths(path)) for path in columns])


def _check_groups(reach, model, paths):
    """Check a grouping. Groups are sorted by their grouping fields, and one statement joins all of these."""
    for path in paths if type(paths) is list else [paths]:
        if type(path) is list:
            _check_groups(reach, model, path)
        elif found := _check_path(reach, model, path, is_grouped=True):
            owner, field = found
            reach.budget.join(joins_of_order(owner, field.name), 0, path)
            check_sorting(reach, owner, field)
            if field.relational and field.group_expand and model.env.context.get("read_group_expand"):
                reach.require(field.comodel_name, READ)  # each record of that model forms a group


def _check_path(reach, model, path, is_grouped=False):
    """A field, possibly through relations: `partner_id/country_id/id`, `partner_id.name`, `order_line/.id`. Returns the
    last field and its model; None for an id or a count."""
    if type(path) is not str:
        raise RefusalError("odoo.arguments", f"The name of a field of {model._name} must be a string.")
    is_aggregated = ":" in path
    if match := AGGREGATED.match(path):
        path = match["field"]
    names = [name for name in re.split(r"[./]", path.partition(":")[0]) if name]
    if names == ["__count"]:
        return None
    check_length(path, names)
    root = model._name
    for position, name in enumerate(names):
        rest = names[position + 1 :]
        if name == "id" and not rest:
            return None
        field = reach.field(model, name, is_aggregated=is_aggregated)
        model._check_field_access(field, "read")
        if not rest or not field.relational:
            _check_behind(model, field, rest, path)
            return model, field
        if is_grouped:
            reach.budget.join(*joins_of(model, field, is_last=False), path)
        reach.budget.walk(root, names[: position + 1])
        model = reach.step(model, field, rest[0])
    return None


def _check_behind(model, field, rest, path):
    """The model behind a property or a reference is only known record by record, so only its id and its name may be
    read."""
    behind = rest[1:] if field.type == "properties" else rest
    if behind and (field.type not in ("properties", "reference") or behind not in (["id"], ["display_name"])):
        raise RefusalError(
            "odoo.field",
            f"The path {path!r} cannot continue after {field.name} of {model._name}. Read the other record in a "
            "separate request.",
            model=model._name,
            field=field.name,
        )


def _check_read_back(reach, model, specification):
    """Check the fields of the model's records that a method returns, even if the method writes. Ids need no read
    access."""
    if type(specification) is dict and specification.keys() - {"id"}:
        reach.require(model._name, READ)
    _check_specification(reach, model, specification)


def _check_specification(reach, model, specification, root=None, walked=()):
    """Check a specification of `web_read`. `root` and `walked`: the model where it begins, and the relations followed
    from there."""
    root = root or model._name
    if type(specification) is not dict:
        raise RefusalError("odoo.arguments", f"The specification of {model._name} is not an object.")
    for name, node in specification.items():
        field = reach.field(model, name)
        model._check_field_access(field, "read")
        if type(node) is not dict:
            raise RefusalError("odoo.arguments", f"The specification of {name} is not an object.", field=name)
        if "context" in node:
            node["context"] = plain_names(reach, model.env, checked_context(model.env, node["context"], reach.is_bare))
        if not field.relational:
            # The model behind a reference or a property is only known record by record.
            if node.get("fields"):
                raise RefusalError("odoo.field", f"The field {name} of {model._name} cannot be expanded.", field=name)
            continue
        comodel = model.env[field.comodel_name]
        walked_here = (*walked, name)
        if "fields" in node:
            check_length(".".join(walked_here), [*walked_here, "id"])
            reach.budget.walk(root, walked_here)
        _check_specification(reach, comodel, node.get("fields") or {}, root, walked_here)
        reach.require_shown(comodel, *(node.get("fields") or ()))
        if node.get("order"):
            reach.require(comodel._name, READ)
            check_order(reach, comodel, node["order"])


def _check_group_specifications(reach, model, specifications):
    if type(specifications) is not dict:
        raise RefusalError("odoo.arguments", f"The group specifications of {model._name} are not an object.")
    for path, specification in specifications.items():
        field = reach.field(model, path.partition(":")[0])
        if field.relational:
            _check_specification(reach, reach.model(model.env, field.comodel_name, READ), specification)


def _check_orders(reach, model, order):
    if type(order) is not str:
        raise RefusalError("odoo.order", "A sort order must be a string of field names.")
    for term in order.split(","):
        if term.split() and (found := _check_path(reach, model, term.split()[0], is_grouped=True)):
            owner, field = found
            reach.budget.join(joins_of_order(owner, field.name), 0, term.strip())
            check_sorting(reach, owner, field)


def _check_opening(reach, model, groups):
    """The argument of `web_read_group` that says which groups are open."""
    for group in groups if type(groups) is list else []:
        if type(group) is dict:
            if group.get("progressbar_domain"):
                check_valid_domain(reach, model, group["progressbar_domain"])
            _check_opening(reach, model, group.get("groups"))


def _check_progress_bar(reach, model, progress_bar):
    if type(progress_bar) is not dict:
        raise RefusalError("odoo.arguments", "'progress_bar' is not an object.", argument="progress_bar")
    _check_path(reach, model, progress_bar.get("field"))


# Methods of the ORM that leave out fields which the model does not have, and their argument of names.
ASKING = {"fields_get": "allfields", "default_get": "fields"}
VALUES = {
    "create": "vals_list",
    "write": "vals",
    "web_save": "vals",
    "web_save_multi": "vals_list",
    "web_override_translations": "values",
    "onchange": "values",
    "copy": "default",
    "copy_data": "default",
}
CHECKS = {
    **dict.fromkeys(["domain", "search_domain", "category_domain", "filter_domain"], check_valid_domain),
    **dict.fromkeys(["fields", "field_names", "allfields", "aggregates"], _check_paths),
    **dict.fromkeys(["field_name", "full_name", "parent_field", "child_field"], _check_paths),
    **dict.fromkeys(["groupby", "group_by", "grouping_sets"], _check_groups),
    **dict.fromkeys(["specification", "fields_spec", "unfold_read_specification"], _check_read_back),
    **dict.fromkeys(["order", "orderby"], _check_orders),
    "fields_to_export": _check_columns,
    "groupby_read_specification": _check_group_specifications,
    "having": _check_having,
    "opening_info": _check_opening,
    "progress_bar": _check_progress_bar,
}
