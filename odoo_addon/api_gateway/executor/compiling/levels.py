"""The statement of a read: a common table expression for each of its levels. The first level is the page; the levels
below it are the records of its relations. All levels read the same snapshot, as in one transaction of the ORM."""

from odoo.orm.domains import Domain
from odoo.tools import SQL, Query

from .columns import column_to_sql, has_properties, is_column
from .names import name_to_sql
from .refusals import NotCompilableError

PROPERTIES = frozenset(["properties", "properties_definition"])
X2MANY = frozenset(["one2many", "many2many"])
FORMS = {
    "boolean": "boolean",
    "char": "plain",
    "date": "plain",
    "datetime": "plain",
    "float": "float0",
    "html": "plain",
    "integer": "integer0",
    "json": "json",
    "many2one": "integer",
    "many2one_reference": "integer0",
    "monetary": "float0",
    "reference": "plain",
    "selection": "plain",
    "text": "plain",
}
# The sidecar's connections have the date style ISO. `to_char` takes several times as long.
WRITTEN = {
    "date": "%s::text",
    "datetime": "left(%s::text, 19)",
}


class Level:
    """Records of one model. `columns`: as the plan describes them. `terms`: the names of the expressions that the query
    selects. `named`: (term, model as superuser) for each term that refers to records whose names are shown."""

    def __init__(self, name, model, query, kind, parent=None, field=None):
        self.name = name
        self.model = model
        self.kind = kind
        self.parent = parent
        self.field = field
        self.columns = []
        self.terms = []
        self.named = []
        self._query = query
        self._sql = []
        self.add_term("id", SQL.identifier(model._table, "id"))

    @property
    def query(self):
        return self._query

    def add_parent(self, sql):
        self.add_term("p", sql)

    def add_term(self, name, sql):
        self.terms.append(name)
        self._sql.append(SQL("%s AS %s", sql, SQL.identifier(name)))

    def add_field(self, field, is_named):
        """Add a field whose related records are not expanded."""
        name = f"c{len(self.columns)}"
        if field.type == "many2one" and is_named:
            self._add_named(field, name, "named")
            return
        if field.type in PROPERTIES:
            self.add_term(name, has_properties(self.model, self.model._table, field, self._query))
            self.columns.append({"field": field.name, "as": name, "form": "properties"})
            return
        form = FORMS.get(field.type)
        if form is None:
            raise NotCompilableError("field", f"{field.model_name}.{field.name}")
        value = column_to_sql(self.model, self.model._table, field, self._query)
        self.add_term(name, SQL(WRITTEN.get(field.type, "%s"), value))
        self.columns.append({"field": field.name, "as": name, "form": form})

    def add_own_name(self, field):
        """The record's `display_name`."""
        name = f"c{len(self.columns)}"
        self.add_term(name, name_to_sql(self.model, self.model._table, self._query))
        self.columns.append({"field": field.name, "as": name, "form": "plain"})

    def add_one(self, field, level_name):
        """Add a many2one whose record is in a separate level. The record's id is in a column of this level. If a rule
        hides the record, its name is still shown."""
        name = f"c{len(self.columns)}"
        self._add_named(field, name, "one")
        self.columns[-1]["level"] = level_name
        return name

    def add_many(self, field, level_name, is_expanded):
        form = "many" if is_expanded else "ids"
        self.columns.append({"field": field.name, "as": None, "form": form, "level": level_name})

    def _add_named(self, field, name, form):
        self.add_term(name, column_to_sql(self.model, self.model._table, field, self._query))
        self.named.append((name, self.model.env[field.comodel_name].sudo()))
        self.columns.append({"field": field.name, "as": name, "form": form, "name": f"{self.name}{name}"})

    def bare(self, *more):
        """The level's query without names of related records, in its own order."""
        return self._query.select(*self._sql, *more)

    def described(self, most):
        """The level as it is stored in the plan. `most`: how many records of relations an answer may contain. Ids do
        not count."""
        return {
            "name": self.name,
            "parent": self.parent and self.parent.name,
            "field": self.field and self.field.name,
            "kind": self.kind,
            "model": self.model._name,
            "columns": self.columns,
            "most": most if self.parent and self.columns else None,
        }


class Levels:
    """All levels of a read, the page first."""

    def __init__(self, model, query, tree, is_named=True):
        """`is_named`: whether a many2one that is not expanded shows its record's name, or only its id."""
        self._is_named = is_named
        self.all = []
        self._fill(self._add(model, query, "root"), tree)

    @property
    def root(self):
        return self.all[0]

    @property
    def is_flat(self):
        return len(self.all) == 1

    def _add(self, model, query, kind, parent=None, field=None):
        check_query(model, query)
        level = Level(f"l{len(self.all)}", model, query, kind, parent, field)
        self.all.append(level)
        return level

    def _fill(self, level, tree):
        model = level.model
        # Raises if the user may not read a field.
        model._determine_fields_to_fetch([name for name in tree if name != "id"])
        for name, node in tree.items():
            field = model._fields[name]
            if "fields" in node or name == "id":
                continue
            if name == "display_name" and not field.store:
                level.add_own_name(field)
            elif field.type in X2MANY:
                level.add_many(field, self._add_many(level, field).name, is_expanded=False)
            else:
                level.add_field(field, self._is_named)
        for name, node in tree.items():
            if "fields" in node:
                self._expand(level, model._fields[name], node["fields"])

    def _expand(self, level, field, tree):
        if field.type in X2MANY:
            below = self._add_many(level, field)
            level.add_many(field, below.name, is_expanded=True)
        elif field.type == "many2one":
            comodel = level.model.env[field.comodel_name]
            query = comodel._search(Domain.TRUE, active_test=False)
            below = self._add(comodel, query, "many2one", level, field)
            column = level.add_one(field, below.name)
            query.add_where(within(SQL.identifier(comodel._table, "id"), level, column))
        else:
            raise NotCompilableError("field", f"{field.model_name}.{field.name}")
        self._fill(below, tree)

    def _add_many(self, level, field):
        """The records of a relation to many, as `Field.read` finds them, but without inactive ones, which
        `convert_to_record` leaves out."""
        model = level.model
        if not field.store or field.context.keys() - {"active_test"}:
            raise NotCompilableError("field", f"{field.model_name}.{field.name}")
        comodel = model.env[field.comodel_name].with_context(**{"active_test": False, **field.context})
        query = comodel._search(field.get_comodel_domain(model), order=comodel._order)
        below = self._add(comodel, query, "x2many", level, field)
        if field.type == "one2many":
            inverse = comodel._fields[field.inverse_name]
            if not inverse.store or not is_column(inverse):
                raise NotCompilableError("field", f"{field.model_name}.{field.name}")
            parent = column_to_sql(comodel, comodel._table, inverse, query)
        else:
            parent = SQL.identifier(field.relation, field.column1)
            query.add_join(
                "JOIN",
                field.relation,
                None,
                SQL("%s = %s", SQL.identifier(field.relation, field.column2), SQL.identifier(comodel._table, "id")),
            )
        below.add_parent(parent)
        query.add_where(within(parent, level, "id"))
        if comodel._active_name and field.context.get("active_test", True):
            active = column_to_sql(comodel, comodel._table, comodel._fields[comodel._active_name], query)
            query.add_where(SQL("%s IS TRUE", active))
        return below


def check_query(model, query):
    """:raises NotCompilableError: `constant`, if the query's ids are already known, or if it is known that the query
    finds nothing"""
    if query._ids is not None or type(query) is not Query:
        raise NotCompilableError("constant", model._name)


def within(column, level, name):
    """The records that belong to records of another level."""
    return SQL("%s IN (SELECT %s FROM %s)", column, SQL.identifier(level.name, name), SQL.identifier(level.name))
