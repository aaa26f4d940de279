"""Runs plans as a sidecar does: replaces values with slots, passes the values to the statement, and turns its rows into
records. This duplicates the sidecar's code, so that the addon's plans can be tested without a sidecar."""

import json
import re
from datetime import datetime, timedelta
from hashlib import sha256

DAY = re.compile(r"\d{4}-\d\d-\d\d")
RELATIVE = re.compile(r"today|now|[-+=]")
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


class UnfitError(Exception):
    """Raised for a row that, according to the plan, only Odoo can read."""


class Slots:
    """Replaces the values of an operation."""

    def __init__(self):
        self.values = []

    def of(self, operation):
        if operation["op"] == "call":
            return self._of_call(operation)
        slotted = dict(operation)
        if slotted.get("domain"):
            slotted["domain"] = self._terms(slotted["domain"])
        for key in ("limit", "offset"):
            if slotted.get(key):
                slotted[key] = self._slot(slotted[key], key)
        if "ids" in slotted:
            slotted["ids"] = self._slot(slotted["ids"], "list:id")
        if "after" in slotted:
            *values, lang = slotted["after"]
            slotted["after"] = [*(value and self._slot(value, "place") for value in values), lang]
        return slotted

    def _of_call(self, operation):
        names = ["ids", "fields"] if operation["method"] == "read" else ["domain"]
        args, kwargs = operation["args"], operation["kwargs"]
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        for key, value in given.items():
            if key == "domain":
                given[key] = self._terms(value)
            elif key in ("limit", "offset") and value:
                given[key] = self._slot(value, key)
            elif key == "ids":
                given[key] = self._slot(value, "list:id")
        slotted = [given.pop(name) for name in names[: len(args)]]
        return {**operation, "args": slotted, "kwargs": given}

    def _terms(self, domain):
        return [
            [term[0], term[1], self._value(term[1], term[2])] if type(term) is list and type(term[0]) is str else term
            for term in domain
        ]

    def _value(self, operator, value):
        if operator in ("any", "not any"):
            return self._terms(value)
        if type(value) is list:
            kinds = {_kind(item) for item in value}
            if len(kinds) == 1 and None not in kinds:
                return self._slot(value, f"list:{kinds.pop()}")
            return [self._value("", item) for item in value]
        kind = _kind(value)
        return value if kind is None else self._slot(value, kind)

    def _slot(self, value, kind):
        self.values.append(value)
        return {"$": len(self.values) - 1, "c": kind}


def _kind(value):
    if type(value) in (int, float) and value and abs(value) < 2**31:
        return type(value).__name__ + ("+" if value > 0 else "-")
    if type(value) is str and value and not RELATIVE.match(value):
        return "datetime" if TIME.fullmatch(value) else "date" if DAY.fullmatch(value) else "text"
    return None


def run(cr, plan, values):
    """Runs a plan and returns what the executor would answer: records, total and position."""
    arguments = [_argument(parameter, values) for parameter in plan["parameters"]]
    cr.execute("PREPARE compiled AS " + plan["text"].replace("%", "%%"), ())
    try:
        cr.execute(f"EXECUTE compiled{'(' + ', '.join(['%s'] * len(arguments)) + ')' if arguments else ''}", arguments)
        names = [column.name for column in cr.description]
        rows = [dict(zip(names, row, strict=True)) for row in cr.fetchall()]
    finally:
        cr.execute("DEALLOCATE compiled")
    levels = {level["name"]: level for level in plan["levels"]}
    if plan.get("result") == "count":
        return rows[0]["total"]
    if plan["flat"]:
        found, last = {"l0": rows}, rows[-1] if rows else None
    else:
        [row] = rows
        found, last = {name: _rows(level, row) for name, level in levels.items()}, row
    place = [last[term["as"]] for term in plan["next"]["terms"]] if plan["next"] and last else None
    result = {"records": _records(levels, found, levels["l0"], found["l0"])}
    if "result" in plan:
        return _result(plan, result["records"], values)
    if place is not None and found["l0"]:
        after = [*map(_short, place), plan["next"]["lang"]]
        result["place"] = {"order": plan["next"]["order"], "after": after}
    if plan["count"]:
        result["total"] = row["total"]
    return result


def _rows(level, row):
    """The rows of a level from its columns."""
    terms = ["id", *(["p"] if level["kind"] == "x2many" else []), *(c["as"] for c in level["columns"] if c["as"])]
    columns = {term: row[f"{level['name']}_{term}"] or [] for term in terms}
    for column in level["columns"]:
        if name := column.get("name"):
            names = dict(zip(row[f"{name}_id"] or [], row[f"{name}_name"] or [], strict=True))
            columns[name] = [names.get(id_) for id_ in columns[column["as"]]]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _result(plan, records, values):
    """The result of a method."""
    if not plan.get("complete"):
        return records if plan["result"] == "rows" else [record["id"] for record in records]
    [ids] = [value for value in values if type(value) is list]
    found = {record["id"]: record for record in records}
    if {*ids} - found.keys():
        raise UnfitError
    return [found[id_] for id_ in ids]


def _short(text):
    """Shortens positions like `executor/keyset.py`."""
    if text is None or len(json.dumps(text, ensure_ascii=False).encode()) <= 240:
        return text
    return [text[:30], sha256(text.encode()).hexdigest()[:32]]


def _argument(parameter, values):
    value, how = values[parameter["slot"]], parameter["as"]
    return _array([_made(item, how) for item in value]) if parameter["list"] else str(_made(value, how))


def _array(values):
    return "{" + ",".join(json.dumps(value, ensure_ascii=False) for value in values) + "}"


def _made(value, how):
    if how.startswith("fixed:"):
        return f"{value:.{how[6:]}f}"
    if how == "plus1s":
        return str(datetime.fromisoformat(value) + timedelta(seconds=1))
    return f"%{value}%" if how == "contains" else str(value) if how == "text" else value


def _records(levels, found, level, rows):
    below = {
        column["field"]: _grouped(levels, found, levels[column["level"]])
        for column in level["columns"]
        if "level" in column
    }
    return [_record(level, row, below) for row in rows]


def _grouped(levels, found, level):
    """{id of the parent: [records]}, for a many2one {id: record}"""
    records = _records(levels, found, level, found[level["name"]])
    if level["kind"] == "many2one":
        return {record["id"]: record for record in records}
    grouped = {}
    for row, record in zip(found[level["name"]], records, strict=True):
        grouped.setdefault(row["p"], []).append(record)
    return grouped


def _record(level, row, below):
    record = {"id": row["id"]}
    for column in level["columns"]:
        record[column["field"]] = _value(column, row, below)
    return record


def _value(column, row, below):
    form = column["form"]
    if form in ("ids", "many"):
        records = below[column["field"]].get(row["id"], [])
        return records if form == "many" else [record["id"] for record in records]
    value = row[column["as"]]
    if form == "properties":
        if value is not None:
            raise UnfitError
        return []
    if value is None:
        return {"integer0": 0, "float0": 0.0}.get(form, False)
    if form == "float0":
        return float(value)
    if form == "named":
        return [value, row[column["name"]] or False]
    if form == "one":
        return below[column["field"]].get(value) or {"id": value, "display_name": row[column["name"]] or False}
    return value
