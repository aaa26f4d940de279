"""Determines the size of the answers of the ORM's reading methods before they run: records of relations, and files. The
executor's own operations count while they read (`reader.py`), but these methods read everything at once."""

from collections import Counter

from odoo.orm.models import fix_import_export_id_paths

from .files import size_of_files

# For each method, the argument that selects fields. It is a list of fields, or a specification as in `web_read`.
_ASKED = {
    "read": "fields",
    "search_read": "fields",
    "export_data": "fields_to_export",
    "onchange": "fields_spec",
    "web_read": "specification",
    "web_resequence": "specification",
    "web_save": "specification",
    "web_save_multi": "specification",
    "web_search_read": "specification",
}


def weigh(reach, records, method, arguments):
    """Refuse a call whose answer would be too large. `arguments`: the arguments by the names that the ORM gives them.

    :raises RefusalError: `answer.too_large`"""
    if method == "copy_data":
        asked = [name for name, field in records._fields.items() if field.copy]
    elif method in _ASKED:
        asked = arguments.get(_ASKED[method]) or (list(records._fields) if _ASKED[method] == "fields" else {})
    else:
        return
    specification = _specification(asked)
    if not any(_weighs(records, name, node) for name, node in specification.items()):
        return
    if method in ("search_read", "web_search_read"):
        page = {name: arguments[name] for name in ("offset", "limit", "order") if arguments.get(name)}
        records = records.search(arguments.get("domain") or [], **page)
    else:
        records = records.exists()
    _weigh(reach, records, specification, Counter(records._ids))


def _specification(asked):
    """Converts columns like `child_ids/name` into a specification for `web_read`."""
    if type(asked) is dict:
        return asked
    root = {}
    for column in asked:
        if type(column) is not str:
            continue  # the ORM reports the error
        *relations, name = fix_import_export_id_paths(column)
        node = root
        for relation in relations:
            node = node.setdefault(relation, {}).setdefault("fields", {})
        node.setdefault(name, {})
    return root


def _weighs(records, name, node):
    field = records._fields.get(name)
    return field is not None and (field.type == "binary" or (field.relational and "fields" in node))


def _weigh(reach, records, specification, times):
    _weigh_files(reach, records, specification, times)
    for name, node in specification.items():
        field = records._fields.get(name)
        if field is None or not field.relational or "fields" not in node:
            continue
        shown = Counter()
        for record in records:
            for id_ in record[name]._ids:
                shown[id_] += times[record.id]
        reach.room.expand(shown.total(), name)
        targets = records.env[field.comodel_name].browse(shown)
        _weigh(reach, targets, node["fields"] or {}, shown)


def _weigh_files(reach, records, names, times):
    """Count the files. With `bin_size`, Odoo answers with sizes only, but still reads files that are not stored as
    attachments."""
    shows_sizes = records.env.context.get("bin_size")
    files = []
    for name in names:
        field = records._fields.get(name)
        if field is None or field.type != "binary" or (shows_sizes and field.store and field.attachment):
            continue
        if reach.shows(field) and records._has_field_access(field, "read"):
            files.append(name)
    if files:
        reach.room.take(size_of_files(records, files, times))
