"""Reads a tree of fields with as many statements for a thousand records as for one."""

from odoo.exceptions import MissingError

from .errors import RefusalError

# A tree may follow a relation and its inverse for ever.
MAX_DEPTH = 8

# The cache holds what `read` gives of these, but for empty values, languages and the names of a many2one's targets.
CACHED_AS_READ = frozenset(
    ("boolean", "char", "date", "datetime", "float", "integer", "many2one", "monetary", "selection", "text")
)


def default_fields(model):
    """The stored, non-binary columns that the user may read, and those that it may not."""
    readable, omitted = [], []
    for name, field in model._fields.items():
        if name != "id" and field.store and field.column_type and field.type != "binary":
            (readable if model._has_field_access(field, "read") else omitted).append(name)
    return readable, omitted


def check_tree(reach, model, tree, root=None, walked=()):
    """`root` and `walked`: the model that the tree begins at, and the relations from there."""
    root = root or model._name
    if type(tree) is not dict:
        raise RefusalError("odoo.field", f"The fields of {model._name} are not an object.", model=model._name)
    if len(walked) > MAX_DEPTH:
        raise RefusalError("odoo.field", f"Relations are expanded at most {MAX_DEPTH} times in a row.")
    for name, node in tree.items():
        field = reach.field(model, name)
        if type(node) is not dict or node.keys() - {"fields"}:
            raise RefusalError(
                "odoo.field", f"The field {name} of {model._name} is asked for in an unknown way.", field=name
            )
        if "fields" in node:
            if not field.relational:
                raise RefusalError(
                    "odoo.field",
                    f"The field {name} of {model._name} is no relation and cannot be expanded.",
                    field=name,
                )
            for inner in node["fields"]:
                reach.step(model, field, inner)
            reach.budget.walk(root, (*walked, name))
            check_tree(reach, model.env[field.comodel_name], node["fields"], root, (*walked, name))


def fast_env(model, tree):
    """Without prefetching when columns are all that is asked for: one record costs a third less. Computed fields need
    it: without, each of their dependencies is a statement of its own."""
    if all("fields" not in node and _is_column(model._fields[name]) for name, node in tree.items()):
        return model.with_context(prefetch_fields=False)
    return model


def fetch(model, query, tree):
    """The query's records with what the tree names of them in the cache; refuses what the user may not read."""
    model.check_access("read")  # the _search() of attachments lets those pass, too, who may read none of them
    fields = model._determine_fields_to_fetch([name for name in tree if name != "id"])
    return model.browse() if query.is_empty() else model._fetch_query(query, fields)


def read_tree(records, tree):
    """The records' values as Odoo gives them, relations expanded where the tree says so. Fetch them before."""
    expanded = {name: node["fields"] for name, node in tree.items() if "fields" in node}
    rows = _read_rows(records, [name for name in tree if name not in expanded])
    for name, subtree in expanded.items():
        field = records._fields[name]
        reached = _expand(records, name, subtree)
        for record, row in zip(records, rows, strict=True):
            if field.type == "many2one":
                row[name] = reached.get(record[name].id, False)
            else:
                row[name] = [reached[id_] for id_ in record[name]._ids if id_ in reached]
    return rows


def _read_rows(records, names):
    """What `_read_format` gives, for columns in half of its time: whoever fetched them has checked the rights on the
    fields and filled the cache, so neither is asked once per value."""
    rows = [{"id": id_} for id_ in records._ids]
    for name in names:
        field = records._fields[name]
        values = _column_values(records, field)
        if values is None:
            values = [row[name] for row in records._read_format([name])]
        for row, value in zip(rows, values, strict=True):
            row[name] = value
    return rows


def _column_values(records, field):
    """The values of a plain column or a many2one, or None when the cache alone does not tell them."""
    if not _is_column(field) or field.type not in CACHED_AS_READ:
        return None
    if field.compute:
        field.recompute(records)
    cache = field._get_cache(records.env)
    try:
        if field.type == "many2one":
            return _named_targets(records, field, [cache[id_] for id_ in records._ids])
        return [field.convert_to_read(field.convert_to_record(cache[id_], records), records) for id_ in records._ids]
    except (KeyError, MissingError):  # not fetched, not in this language; a target that no foreign key holds
        return None


def _named_targets(records, field, ids):
    """(id, name) as the superuser sees it: who may see a record may see what its relations show."""
    targets = records.env[field.comodel_name].sudo().browse(dict.fromkeys(id_ for id_ in ids if id_))
    names = dict(zip(targets._ids, targets.mapped("display_name"), strict=True))
    return [(id_, names[id_]) if id_ else False for id_ in ids]


def _expand(records, name, subtree):
    """{id: values} of the records behind a relation. A rule that hides one leaves its id and name, which the
    relation shows anyway."""
    targets = records[name]
    visible = targets._filtered_access("read")
    if subtree:
        visible.fetch([inner for inner in subtree if inner != "id"])
    reached = {row["id"]: row for row in read_tree(visible, subtree)}
    if records._fields[name].type == "many2one":
        for hidden in (targets - visible).sudo():
            reached[hidden.id] = {"id": hidden.id, "display_name": hidden.display_name}
    return reached


def _is_column(field):
    return field.store and bool(field.column_type)
