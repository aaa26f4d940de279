"""Odoo's SQL as the text of a prepared statement, whose parameters are the caller's values."""

import re

from .refusals import NotCompilableError

PLACEHOLDER = re.compile(r"%s|%%")
LITERAL = re.compile(r"E?'(?:[^']|'')*'")
# `FROM "t" AS "a"`, `JOIN t a`, `, "t"`; then `"a"."column"`. A match that is not a table does no harm.
# Matches may overlap: in `FROM "t" JOIN "u"`, JOIN is not an alias.
TABLE = re.compile(r'(?=(?:\b(?:FROM|JOIN)\s+|,\s*)"?(\w+)"?(?:\s+(?:AS\s+)?"?(\w+)"?)?)', re.I)
COLUMN = re.compile(r'"?\b(\w+)"?\."?(\w+)"?')
# `SELECT res_id FROM "t"`, as Odoo's modules write subselects.
ONLY_COLUMN = re.compile(r'\bSELECT\s+"?(\w+)"?\s+FROM\s+"?(\w+)"?', re.I)


def render(cr, sql, sentinels):
    """(text, parameters) of an SQL object.

    :return: parameters: a list with one {"slot", "as", "list"} for each of `$1`, `$2` …
    :raises NotCompilableError: `values`, if a value was changed in a way that the sidecar cannot reproduce"""
    code, params = sql.code, iter(sql.params)
    pieces, parameters, end = [], [], 0
    for match in PLACEHOLDER.finditer(code):
        pieces.append(code[end : match.start()])
        end = match.end()
        pieces.append("%" if match[0] == "%%" else _written(cr, next(params), sentinels, pieces, parameters))
    pieces.append(code[end:])
    if not sentinels.is_complete():
        raise NotCompilableError("values")
    return "".join(pieces), parameters


def tables_and_columns(sql):
    """{table: {column}} that the SQL may read, judging by its aliases: an alias may refer to several tables, or to
    none."""
    code = LITERAL.sub("''", sql.code)
    tables = {}
    for table, alias in TABLE.findall(code):
        tables.setdefault(table, set()).add(table)
        tables.setdefault(alias, set()).add(table)
    read = {table: set() for named in tables.values() for table in named}
    for alias, column in COLUMN.findall(code):
        for table in tables.get(alias, ()):
            read[table].add(column)
    for column, table in ONLY_COLUMN.findall(code):
        read[table].add(column)
    return read


def _written(cr, param, sentinels, pieces, parameters):
    """The text for one of Odoo's parameters. Changes the preceding pieces of SQL if a list needs another operator."""
    if isinstance(param, tuple):
        if found := sentinels.find_list(param):
            pieces[-1] = _compared_with_any(pieces[-1])
            return f"({_numbered(found, parameters)})"
        return f"({', '.join(_value(cr, item, sentinels, parameters) for item in param)})"
    return _value(cr, param, sentinels, parameters)


def _value(cr, param, sentinels, parameters):
    if found := sentinels.find(param):
        return _numbered(found, parameters)
    if sentinels.holds(param):
        raise NotCompilableError("values")
    return cr.mogrify("%s", (param,)).decode()


def _numbered(found, parameters):
    place, transform = found
    parameters.append({"slot": place.slot, "as": transform, "list": place.is_list})
    return f"${len(parameters)}"


def _compared_with_any(code):
    for operator, other in ((" NOT IN ", " <> ALL "), (" IN ", " = ANY ")):
        if code.endswith(operator):
            return code[: -len(operator)] + other
    raise NotCompilableError("values")
