"""Reads a tree of fields with as many statements for a thousand records as for one."""

from collections import Counter

from odoo.exceptions import MissingError

from ..tools.columns import lacks_column
from .binaries import holds_bytes, holds_data, to_base64, to_json
from .errors import RefusalError
from .files import size_of_files

# Without this limit, a tree could follow a relation and its inverse forever.
MAX_DEPTH = 8
MAX_PIECE = 1000

# For fields of these types, the cache holds the values that `read` returns, except for empty values, languages and
# names of relations.
CACHED_AS_READ = frozenset(
    ("boolean", "char", "date", "datetime", "float", "integer", "many2one", "monetary", "selection", "text")
)


def default_fields(reach, model):
    """The stored, non-binary columns that the user may read, and those that the user may not."""
    readable, omitted = [], []
    for name, field in model._fields.items():
        if name == "id" or lacks_column(model, field):
            continue
        if field.store and field.column_type and field.type != "binary":
            is_shown = reach.shows(field) and model._has_field_access(field, "read")
            (readable if is_shown else omitted).append(name)
    return readable, omitted


def check_tree(reach, model, tree, root=None, walked=()):
    """`root` and `walked`: the model where the tree begins, and the relations followed from there."""
    root = root or model._name
    if type(tree) is not dict:
        raise RefusalError("odoo.field", f"The fields of {model._name} are not an object.", model=model._name)
    if len(walked) > MAX_DEPTH:
        raise RefusalError("odoo.field", f"Relations are expanded at most {MAX_DEPTH} times in a row.")
    for name, node in tree.items():
        field = reach.field(model, name)
        if type(node) is not dict or node.keys() - {"fields"}:
            raise RefusalError(
                "odoo.field", f"The field {name} of {model._name} is not requested in a valid form.", field=name
            )
        if "fields" in node:
            if not field.relational:
                raise RefusalError(
                    "odoo.field",
                    f"The field {name} of {model._name} is not a relation and cannot be expanded.",
                    field=name,
                )
            for inner in node["fields"]:
                reach.step(model, field, inner)
            reach.budget.walk(root, (*walked, name))
            check_tree(reach, model.env[field.comodel_name], node["fields"], root, (*walked, name))


def fast_env(model, tree):
    """An environment without prefetching if only columns are read: reading one record then costs a third less. Computed
    fields need prefetching, because otherwise each of their dependencies would take a separate statement."""
    if all("fields" not in node and _is_column(model._fields[name]) for name, node in tree.items()):
        return model.with_context(prefetch_fields=False)
    return model


def fetch(model, query, most, tree):
    """The query's records, at most `most`. If they are few enough to be read in one piece, the tree's fields are then
    in the cache. Refuses fields that the user may not read."""
    model.check_access("read")  # the _search() of attachments also succeeds for users who may not read any of them
    if most > _first_piece(model, tree):
        return model.browse(query.get_result_ids())
    fields = model._determine_fields_to_fetch([name for name in tree if name != "id"])
    return model.browse() if query.is_empty() else model._fetch_query(query, fields)


def read_page(room, records, most, tree, times=None):
    """The rows for records that `fetch` returned."""
    if most > _first_piece(records, tree):
        return read_tree(room, records, tree, times)
    return _read_fetched(room, records, tree, times)


def read_tree(room, records, tree, times=None):
    """The records' values in Odoo's format, with relations expanded where the tree says so. They are read in pieces, so
    that a read that is too large stops early. `times`: {id: how many times the record is in the answer}; by default
    once each."""
    names = [name for name in tree if name != "id"]
    files = [name for name in names if records._fields[name].type == "binary"]
    times = times or dict.fromkeys(records._ids, 1)
    if files:
        room.require(size_of_files(records, files, times))
    rows = []
    for piece in _pieces(room, records, _first_piece(records, tree)):
        if names:
            piece.fetch(names)
        rows += _read_fetched(room, piece, tree, times)
    return rows


def _first_piece(model, tree):
    types = {model._fields[name].type for name in tree if name != "id"}
    if "binary" in types:
        return 1
    return MAX_PIECE if types.isdisjoint(("html", "json", "text")) else 100


def _pieces(room, records, size):
    """The next piece is sized by the values of the last one, with a safety factor of four."""
    start = 0
    while start < len(records):
        before = room.left_bytes
        yield records if start == 0 and size >= len(records) else records.browse(records._ids[start : start + size])
        start += size
        taken = before - room.left_bytes
        size = MAX_PIECE if not taken else min(MAX_PIECE, max(1, int(size * room.left_bytes / taken / 4)))


def _read_fetched(room, records, tree, times):
    expanded = {name: node["fields"] for name, node in tree.items() if "fields" in node}
    rows = _read_rows(records, [name for name in tree if name not in expanded])
    if times is not None:
        room.take(sum(_size(row) * times[row["id"]] for row in rows))
    for name, subtree in expanded.items():
        ids = [record[name]._ids for record in records]
        shown = Counter()
        for record_id, target_ids in zip(records._ids, ids, strict=True):
            for id_ in target_ids:
                shown[id_] += 1 if times is None else times[record_id]
        room.expand(shown.total(), name)
        reached = _expand(room, records, name, subtree, shown)
        is_one = records._fields[name].type == "many2one"
        for row, target_ids in zip(rows, ids, strict=True):
            values = [reached[id_] for id_ in target_ids if id_ in reached]
            row[name] = values if not is_one else values[0] if values else False
    return rows


def _size(row):
    """The approximate size in the answer: a number takes about 8 characters."""
    size = 0
    for value in row.values():
        if isinstance(value, (str, bytes)):  # HTML values have a special type
            size += len(value)
        elif type(value) in (list, dict):
            size += 8 * len(value) if type(value) is list and value and type(value[0]) is int else len(str(value))
        else:
            size += 8
    return size


def _read_rows(records, names):
    """The same as `_read_format`, in half the time for columns: fetching has already checked the rights on the fields
    and filled the cache, so this is not repeated for each value."""
    rows = [{"id": id_} for id_ in records._ids]
    for name in names:
        field = records._fields[name]
        values = _column_values(records, field)
        if values is None:
            values = [row[name] for row in records._read_format([name])]
        if field.type == "binary":
            values = [_file_or_data(field, value) for value in values]
        for row, value in zip(rows, values, strict=True):
            row[name] = value
    return rows


def _file_or_data(field, value):
    if holds_data(field):
        return to_json(field, value)
    return to_base64(value) if isinstance(value, bytes) and holds_bytes(field) else value


def _column_values(records, field):
    """The values of a plain column or a many2one; None if they are not all in the cache."""
    if not _is_column(field) or field.type not in CACHED_AS_READ:
        return None
    if field.compute:
        field.recompute(records)
    cache = field._get_cache(records.env)
    try:
        if field.type == "many2one":
            return _named_targets(records, field, [cache[id_] for id_ in records._ids])
        return [field.convert_to_read(field.convert_to_record(cache[id_], records), records) for id_ in records._ids]
    except (KeyError, MissingError):  # not fetched, not in this language, or a target without a foreign key
        return None


def _named_targets(records, field, ids):
    """(id, name) as superuser: a user who may see a record may see the names of its relations."""
    targets = records.env[field.comodel_name].sudo().browse(dict.fromkeys(id_ for id_ in ids if id_))
    names = dict(zip(targets._ids, targets.mapped("display_name"), strict=True))
    return [(id_, names[id_]) if id_ else False for id_ in ids]


def _expand(room, records, name, subtree, times):
    """{id: values} of the records behind a relation. If a rule hides one, its id and name remain, because the relation
    shows them anyway."""
    targets = records[name]
    visible = targets._filtered_access("read")
    reached = {row["id"]: row for row in read_tree(room, visible, subtree, times)}
    if records._fields[name].type == "many2one":
        for hidden in (targets - visible).sudo():
            reached[hidden.id] = {"id": hidden.id, "display_name": hidden.display_name}
    return reached


def _is_column(field):
    return field.store and bool(field.column_type)
