"""Checks that ids in commands of x2many fields are lines of the record through which they are written."""

from collections import defaultdict

from .errors import RefusalError


class Lines:
    """The lines named in commands, grouped by field, so that each other model is searched once, however many records
    there are."""

    def __init__(self):
        self._named = defaultdict(list)

    def add(self, field, parents, id_, is_link=False):
        """`parents`: the ids of the records to which the command is written; () for a new record. The line of a link
        command may also belong to no record."""
        self._named[field].append((parents, id_, is_link))

    def check(self, env):
        for field, named in self._named.items():
            base, named = _resolve(env, field, named)
            holders = _holders(env, base, named)
            for parents, id_, is_link in named:
                if id_ not in holders or not (holders[id_].intersection(parents) or (is_link and not holders[id_])):
                    raise _foreign(field, base, id_)


def is_owned(field):
    """Whether each line of the field stores the one record to which it belongs."""
    field = _base(field)
    return field.type == "one2many" and bool(field.inverse_name)


def _base(field):
    while field.related:
        field = field.related_field
    return field


def _resolve(env, field, named):
    """The field that a related field refers to, and the named lines with the records that actually have this field."""
    while field.related:
        path = field.related.rpartition(".")[0]
        model = env[field.model_name].sudo()
        named = [(tuple(model.browse(parents).mapped(path)._ids), id_, is_link) for parents, id_, is_link in named]
        field = field.related_field
    return field, named


def _holders(env, field, named):
    """{id: the ids of the records that contain it}, without records that the caller may not read."""
    holders = defaultdict(set)
    if not is_owned(field):  # links and computed fields: as the parents show them
        parents = sorted({parent for parents, _id, _is_link in named for parent in parents})
        for parent in env[field.model_name].with_context(active_test=False).browse(parents):
            for id_ in parent[field.name]._ids:
                holders[id_].add(parent.id)
        return holders
    comodel = env[field.comodel_name]
    query = comodel._search([("id", "in", [id_ for _parents, id_, _is_link in named])], active_test=False)
    # Lines are read as superuser: the caller may not be allowed to see their owners, and does not get them.
    for line in comodel.sudo().browse(query.get_result_ids()):
        holders[line.id].update(_owner(line, field))
    return holders


def _owner(line, field):
    inverse = line._fields[field.inverse_name]
    owner = line[inverse.name]
    if inverse.type == "many2one":
        return owner._ids
    if inverse.type == "many2one_reference" and owner and line[inverse.model_field] != field.model_name:
        return (0,)  # another model's line
    return (owner,) if owner else ()


def _foreign(field, base, id_):
    text = (
        f"The field {field.name} of {field.model_name} names {field.comodel_name} {id_}, which does not belong to this "
        "record."
    )
    if is_owned(base):
        text += f" To move a line, write its field {base.inverse_name}."
    return RefusalError("odoo.validation", text, model=field.model_name, field=field.name, id=id_)
