"""Methods of the ORM whose arguments or answers involve models other than the called one."""

from collections import defaultdict

from odoo.fields import Domain

from .code_and_rights import RIGHTS
from .errors import OutOfReachError, RefusalError
from .expressions import OPERATORS, check_domain, check_name_search
from .loading import check_load
from .reach import READ, WRITE
from .reading import explain_domain
from .values import check_values


def check_valid_domain(reach, model, domain):
    check_domain(reach, model, domain)
    with explain_domain(model):
        Domain(domain).validate(model)


def check_search_panel(reach, records, arguments):
    """Check a method that lists another model's records, grouped by one of their fields. The argument `group_domain` is
    a domain of the called model."""
    field = reach.field(records, arguments.get("field_name"))
    records._check_field_access(field, "read")
    if field.relational:
        comodel = reach.model(records.env, field.comodel_name, READ)
        if comodel_domain := arguments.get("comodel_domain"):
            check_valid_domain(reach, comodel, comodel_domain)
        if group_by := arguments.get("group_by"):
            comodel._check_field_access(reach.field(comodel, group_by), "read")
    group_domain = arguments.get("group_domain") or []
    for domain in group_domain.values() if type(group_domain) is dict else [group_domain]:
        check_valid_domain(reach, records, domain)


def check_name_searched(reach, records, arguments):
    operator = arguments.get("operator", "ilike")
    if type(operator) is not str or operator not in OPERATORS or operator in ("any", "not any"):
        raise RefusalError("odoo.arguments", f"Names cannot be searched with {operator!r}.", argument="operator")
    check_name_search(reach, records)


def check_copy_data(reach, records, arguments):
    for model in _copied(records, arguments):
        reach.require(model._name, READ)
        for name, field in model._fields.items():
            if not field.copy or (reach.shows(field) and model._has_field_access(field, "read")):
                continue
            message = (
                f"A copy of {records._name} holds {name} of {model._name}, which you may not read. Call copy() "
                "instead: it does not show the values."
            )
            if reach.shows(field):
                raise RefusalError("odoo.access", message, model=model._name, field=name)
            raise OutOfReachError(message, model=model._name, field=name)


def check_copy(reach, records, arguments):
    """A copy also writes the records' lines, and grants the rights that the records and their lines grant."""
    given = _given(arguments)
    for copied in _copied(records, arguments):
        reach.require(copied._name, WRITE)
        for name in RIGHTS.get(copied._name, ()) if reach.is_narrowed else ():
            field = copied._fields.get(name)
            is_given = copied._name == records._name and name in given
            if field and field.copy and not is_given and any(record[name] for record in copied.sudo()):
                reach.field(copied, name, WRITE)


def _given(arguments):
    """The values that the copies get instead of the records' own. They are checked like any values."""
    default = arguments.get("default")
    return default if type(default) is dict else {}


def _copied(records, arguments):
    """The records and their lines that are copied with them, model by model."""
    records.check_access("read")
    seen = defaultdict(set)
    unchecked = [(records, _given(arguments))]
    while unchecked:
        copied, given = unchecked.pop()
        copied = copied.browse(id_ for id_ in copied.ids if id_ not in seen[copied._name])
        if not copied:
            continue
        seen[copied._name].update(copied.ids)
        yield copied
        # These lines include lines that the caller cannot find, because a model's own copy() may copy those, too.
        every = copied.sudo().with_context(active_test=False).exists()
        for name, field in copied._fields.items():
            if field.copy and field.type == "one2many" and name not in given:
                unchecked.append((every[name].with_env(records.env), {}))


def check_load_arguments(reach, records, arguments):
    check_load(reach, records, arguments.get("fields"), arguments.get("data"))


def check_resequence(reach, records, arguments):
    """Check the sequence numbers that the caller chooses and the method writes."""
    name, offset = arguments.get("field_name", "sequence"), arguments.get("offset", 0)
    field = reach.field(records, name, WRITE)
    if field.type not in ("integer", "float", "monetary") or type(offset) is not int:
        raise RefusalError(
            "odoo.arguments", f"Records of {records._name} cannot be numbered by {name}.", argument="field_name"
        )
    numbers = [{name: number} for number, _id in enumerate(records.ids, start=offset)]
    check_values(reach, records, numbers, [[id_] for id_ in records.ids])


def check_view(reach, records, arguments):
    _check_view_ids(records, [arguments.get("view_id")])


def check_views(reach, records, arguments):
    views = arguments.get("views")
    if type(views) is not list or not all(type(view) is list and len(view) == 2 for view in views):
        raise RefusalError("odoo.arguments", "'views' must be a list like [[false, \"form\"]].", argument="views")
    _check_view_ids(records, [view_id for view_id, _view_type in views])
    options = arguments.get("options") or {}
    if type(options) is not dict:
        raise RefusalError("odoo.arguments", "'options' is not an object.", argument="options")
    if options.get("toolbar"):
        reach.require("ir.actions.actions", READ)
    if options.get("load_filters"):
        reach.require("ir.filters", READ)


def _check_view_ids(records, ids):
    """Odoo reads views as superuser, whatever their model. A context may name views, too."""
    context = records.env.context
    named = [str(value) for key, value in context.items() if key.endswith("_view_ref") and value]
    xml_ids = records.env["ir.model.data"]
    ids = [*filter(None, ids), *(xml_ids._xmlid_to_res_id(xml_id) for xml_id in named)]
    for view_id in filter(None, ids):
        view = records.env["ir.ui.view"].sudo().browse(view_id if type(view_id) is int else 0).exists()
        if view.model != records._name:
            raise RefusalError("odoo.arguments", f"{records._name} has no view {view_id!r}.", argument="view_id")


def check_formview(reach, records, arguments):
    """Check `access_uid`: the view depends on that user's rights."""
    if arguments.get("access_uid") not in (None, False, records.env.uid):
        raise OutOfReachError("'access_uid' must be your own user's id.", argument="access_uid")


# For each method, the function that checks a call, and the arguments that this function examines.
CHECKS = {
    **dict.fromkeys(
        ["search_panel_select_range", "search_panel_select_multi_range"],
        (check_search_panel, ("field_name", "comodel_domain", "group_by", "group_domain")),
    ),
    **dict.fromkeys(["name_search", "web_name_search"], (check_name_searched, ("operator",))),
    **dict.fromkeys(["get_formview_id", "get_formview_action"], (check_formview, ("access_uid",))),
    "load": (check_load_arguments, ("fields", "data")),
    "copy": (check_copy, ()),
    "copy_data": (check_copy_data, ()),
    "web_resequence": (check_resequence, ("field_name", "offset")),
    "get_view": (check_view, ("view_id",)),
    "get_views": (check_views, ("views", "options")),
}
_PANEL = frozenset(
    [
        "category_domain",
        "comodel_domain",
        "enable_counters",
        "expand",
        "filter_domain",
        "group_by",
        "group_domain",
        "hierarchize",
        "limit",
        "search_domain",
    ]
)
# The allowed keywords of methods that accept `**kwargs`. Other keywords would be passed on, or fail only after the work
# is done.
KEYWORDS = {
    "get_view": frozenset(
        ["action_id", "embedded_action_id", "embedded_parent_res_id", "load_filters", "mobile", "toolbar"]
    ),
    "search_panel_select_multi_range": _PANEL,
    "search_panel_select_range": _PANEL,
    "search_read": frozenset(["load"]),
}
