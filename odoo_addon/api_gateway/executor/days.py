"""Plain dates in domains (`2026-03-29`, `today -1d`) that are compared with times. Each date means the whole day
in the caller's time zone, which has 23 or 25 hours when the clocks change. The ORM would compare with midnight, or add
24 hours."""

from datetime import date, datetime, timedelta

import pytz

from odoo.tools.date_utils import parse_date, parse_iso_date

EQUAL = {"=": "in", "==": "in", "=?": "in", "in": "in", "!=": "not in", "<>": "not in", "not in": "not in"}


def with_exact_days(env, path, operator, value):
    """The terms, in Polish notation, that replace a condition on a datetime field; None to keep the condition as it
    is."""
    values = value if type(value) is list else [value]
    days = {value: day for value in values if (day := _day(env, value))}
    if not days:
        return None
    *relation, name = path.split(".")
    if operator in EQUAL:
        others = [value for value in values if value not in days]
        terms = _any_of(env, name, set(days.values()), others)
        if EQUAL[operator] == "not in":
            terms = ["!", *terms]
    elif operator in ("<", "<=", ">", ">=") and type(value) is str:
        day = days[value] + timedelta(days=operator in ("<=", ">"))
        terms = [[name, "<" if operator[0] == "<" else ">=", _start(env, day)]]
    else:
        return None
    # Both bounds must be true for the same related record.
    return [[".".join(relation), "any", terms]] if relation else terms


def _any_of(env, name, days, others):
    alternatives = [[[name, "in", others]]] if others else []
    for first, last in _ranges(days):
        begins, ends = _start(env, first), _start(env, last + timedelta(days=1))
        alternatives.append(["&", [name, ">=", begins], [name, "<", ends]])
    joints = ["|"] * (len(alternatives) - 1)
    return joints + [term for terms in alternatives for term in terms]


def _ranges(days):
    """Merge consecutive days into ranges."""
    ranges = []
    for day in sorted(days):
        if ranges and day - ranges[-1][1] == timedelta(days=1):
            ranges[-1][1] = day
        else:
            ranges.append([day, day])
    return ranges


def _day(env, value):
    """The day that a value denotes; None for a time, and for the ends of the calendar, which mean "always" and
    "never"."""
    if type(value) is not str:
        return None
    try:
        day = parse_iso_date(value)
    except ValueError:
        try:
            day = parse_date(value, env)
        except (ValueError, OverflowError):
            return None  # the ORM reports the error
    is_day = isinstance(day, date) and not isinstance(day, datetime)
    return day if is_day and 1 < day.year < 9999 else None


def _start(env, day):
    """The moment, in UTC, at which the day begins in the caller's time zone. If the clocks go back over midnight, the
    first midnight counts. If they go forward over it, the day begins at that moment."""
    midnight = datetime(day.year, day.month, day.day)
    zone = env.tz
    if zone is not pytz.utc:
        try:
            midnight = zone.localize(midnight, is_dst=None)
        except pytz.AmbiguousTimeError:
            midnight = min(zone.localize(midnight, is_dst=True), zone.localize(midnight, is_dst=False))
        except pytz.NonExistentTimeError:
            midnight = zone.localize(midnight, is_dst=False)
        midnight = midnight.astimezone(pytz.utc).replace(tzinfo=None)
    return midnight.isoformat(" ")
