"""Determines the size of files without reading them."""

from collections import Counter

from odoo.tools import SQL


def size_of_files(records, names, times):
    """The number of bytes that the binary fields take in an answer.

    :param times: {id: how many times the record is in the answer}"""
    size = 0
    for name in names:
        sizes = _sizes(records, records._fields[name])
        size += sum(sizes[id_] * count for id_, count in times.items())
    return size


def _sizes(records, field, seen=()):
    """A Counter with the number of bytes for each record. A computed field counts as the files from which it is
    computed, because these are read, too."""
    own = Counter()
    if not records or field.type != "binary" or field in seen:
        return own
    ids = tuple(records._ids)
    if records._name == "ir.attachment" and field.name in ("datas", "raw"):
        query = SQL("SELECT id, file_size * 4.0 / 3 FROM ir_attachment WHERE id IN %s", ids)
    elif field.store and field.attachment:
        query = SQL(
            """
            SELECT res_id, sum(file_size) * 4.0 / 3 FROM ir_attachment
            WHERE res_model = %s AND res_field = %s AND res_id IN %s GROUP BY res_id
            """,
            records._name,
            field.name,
            ids,
        )
    elif field.store and field.column_type:
        column, table = SQL.identifier(field.name), SQL.identifier(records._table)
        query = SQL("SELECT id, octet_length(%s) FROM %s WHERE id IN %s", column, table, ids)
    else:
        paths = [field.related] if field.related else records.env.registry.field_depends[field]
        for path in paths:
            own.update(_sizes_behind(records, path.split("."), (*seen, field)))
        return own
    own.update({id_: float(size or 0) for id_, size in records.env.execute_query(query)})
    return own


def _sizes_behind(records, path, seen):
    name, *rest = path
    field = records._fields.get(name)
    if field is None or not rest:
        return Counter() if field is None else _sizes(records, field, seen)
    if not field.relational:
        return Counter()
    targets = {record.id: record[name] for record in records.sudo()}
    sizes = _sizes_behind(records.env[field.comodel_name].sudo().union(*targets.values()), rest, seen)
    return Counter({id_: sum(sizes[target] for target in found._ids) for id_, found in targets.items()})
