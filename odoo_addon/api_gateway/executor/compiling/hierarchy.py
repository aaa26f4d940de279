"""`child_of` and `parent_of` as part of the statement. Odoo looks the hierarchy up beforehand and writes its ids into
the condition."""

from odoo.orm.domains import DomainCondition
from odoo.tools import SQL

from .refusals import NotCompilableError


def children_of(records, parent):
    """The condition for the records and all their descendants, as superuser."""
    return _climb(records, parent, down=True)


def parents_of(records, parent):
    """The condition for the records and all their ancestors, as superuser."""
    return _climb(records, parent, down=False)


def _climb(records, parent, down):
    field = records._fields.get(parent)
    if field is None or field.type != "many2one" or not field.store or field.company_dependent:
        raise NotCompilableError("domain", f"{records._name}.{parent}")
    climbed = SQL(
        "WITH RECURSIVE __climbed (id, up) AS ("
        "SELECT __first.id, %(first)s FROM %(table)s AS __first WHERE __first.id IN %(ids)s"
        " UNION SELECT __next.id, %(next)s FROM %(table)s AS __next"
        " JOIN __climbed ON %(step)s) SELECT __climbed.id FROM __climbed",
        table=SQL.identifier(records._table),
        ids=tuple(records._ids),
        first=SQL.identifier("__first", parent),
        next=SQL.identifier("__next", parent),
        step=SQL("%s = __climbed.id", SQL.identifier("__next", parent)) if down else SQL("__next.id = __climbed.up"),
    )
    return DomainCondition("id", "any!", climbed)
