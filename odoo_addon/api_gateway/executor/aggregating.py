"""Counts and sums by groups: Odoo's `formatted_read_group`, with its checks, in plain values."""

from datetime import date, datetime

import pytz

from odoo.models import READ_GROUP_TIME_GRANULARITY

from .arguments import count, required
from .errors import RefusalError
from .methods import call
from .reach import READ

# Other functions (array_agg, recordset) return a value for each record of a group.
FUNCTIONS = frozenset(["avg", "bool_and", "bool_or", "count", "count_distinct", "max", "min", "sum", "sum_currency"])
MAX_GROUPINGS = 8
MAX_MEASURES = 30


def aggregate(env, reach, operation):
    """`{"groups": [{grouping or measure: value}], "timezone": str}`; `limit` is the maximum number of groups. A record
    is `{"id", "name"}`, a choice `{"value", "label"}`, a time range `{"from", "to", "label"}`, whose `to` is the first
    moment after it."""
    model = reach.model(env, required(operation, "model"), READ, "formatted_read_group")
    groupings = _texts(operation, "group", MAX_GROUPINGS)
    measures = _texts(operation, "measures", MAX_MEASURES)
    for measure in measures:
        _check_measure(measure)
    if not groupings and not measures:
        raise RefusalError("odoo.arguments", "'group' and 'measures' are both empty.", argument="measures")
    arguments = {
        "domain": operation.get("domain") or [],
        "groupby": groupings,
        "aggregates": measures,
        "having": operation.get("having") or [],
        "order": operation.get("order"),
        "limit": count(operation, "limit", None, 1),
        "offset": count(operation, "offset", 0, 0),
    }
    asked = {"model": model._name, "method": "formatted_read_group", "args": [], "kwargs": arguments}
    shapes = None
    groups = []
    for found in call(env, reach, asked):
        shapes = shapes or {grouping: _shape_of(model, grouping) for grouping in groupings}
        group = {grouping: shape(found[grouping]) for grouping, shape in shapes.items()}
        group.update((measure, _measured(measure, found[measure])) for measure in measures)
        groups.append(group)
    return {"groups": groups, "timezone": str(_zone(env))}


def _texts(operation, key, most):
    texts = operation.get(key) or []
    if type(texts) is not list or not all(type(text) is str for text in texts):
        raise RefusalError("odoo.arguments", f"{key!r} is not a list of strings.", argument=key)
    if len(texts) > most:
        raise RefusalError("odoo.arguments", f"{key!r} has {len(texts)} entries; at most {most} are possible.")
    return list(dict.fromkeys(texts))


def _check_measure(measure):
    _field, _colon, function = measure.partition(":")
    if measure != "__count" and function not in FUNCTIONS:
        known = ", ".join(sorted(FUNCTIONS))
        raise RefusalError(
            "odoo.arguments",
            f"The measure {measure!r} is neither __count nor a field with one of {known}, like amount_total:sum.",
            argument="measures",
        )


def _shape_of(model, grouping):
    """Returns the function that converts a grouping's value to plain JSON."""
    path, _colon, granularity = grouping.partition(":")
    *relations, name = path.split(".")
    for position, relation in enumerate(relations):
        if model._fields[relation].type == "properties":
            return _of_property(model, ".".join(path.split(".")[position:]), granularity)
        if model._fields[relation].type != "many2one":
            relations = relations[:position]
            name = relation
            break
        model = model.env[model._fields[relation].comodel_name]
    field = model._fields[name]
    if granularity in READ_GROUP_TIME_GRANULARITY:
        return _range_of(granularity, _zone(model.env) if field.type == "datetime" else None)
    if field.type == "selection":
        labels = dict(field._description_selection(model.env))
        return lambda value: {"value": value, "label": labels.get(value, value)} if value else None
    return _plain if field.type == "boolean" else _key


def _of_property(model, path, granularity):
    if granularity in READ_GROUP_TIME_GRANULARITY:
        is_time = model.get_property_definition(path).get("type") == "datetime"
        return _range_of(granularity, pytz.utc if is_time else None)  # Odoo groups properties by days in UTC
    return _key


def _key(value):
    if value is False or value is None or value == "":
        return None
    if type(value) in (tuple, list):
        return {"id": value[0], "name": value[1]} if type(value[0]) is int else {"value": value[0], "label": value[1]}
    return _plain(value)


def _range_of(granularity, zone):
    """`zone`: the time zone in which times are grouped; None for dates."""
    step = READ_GROUP_TIME_GRANULARITY[granularity]

    def shape(value):
        if not value:
            return None
        start, label = value
        if zone is None:
            begins = date.fromisoformat(start[:10])
            return {"from": begins.isoformat(), "to": (begins + step).isoformat(), "label": label}
        begins = pytz.utc.localize(datetime.fromisoformat(start))
        first = begins.astimezone(zone).replace(tzinfo=None)
        if granularity != "hour":
            first = first.replace(hour=0, minute=0, second=0)  # if the clocks skip midnight, the day begins later
        ends = zone.localize(first + step)
        return {"from": _in_utc(begins), "to": _in_utc(ends), "label": label}

    return shape


def _in_utc(time):
    return time.astimezone(pytz.utc).replace(tzinfo=None).isoformat() + "Z"


def _plain(value):
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    return value


def _measured(measure, value):
    """A measure's value for JSON. For a measure without values, Odoo returns `False`, which becomes None."""
    is_choice = measure.endswith((":bool_and", ":bool_or"))
    return None if value is False and not is_choice else _plain(value)


def _zone(env):
    """The time zone in which Odoo groups times."""
    return pytz.timezone(env.context.get("tz") or "UTC")
