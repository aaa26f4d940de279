"""Values that replace a caller's values while a read is compiled, and are then found in the SQL that Odoo produces. The
sidecar sends a slot, `{"$": 3, "c": "int+"}`, instead of each value. Each place gets a separate sentinel, even if two
places share a slot, so that each place can be traced."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from odoo.orm.utils import COLLECTION_TYPES

from .refusals import NotCompilableError

# Values that are unlikely to occur in a database.
INTEGER = 2_040_000_000
FLOAT = 31_415_926.25
DAY = date(2431, 1, 1)
LIST = "list:"


class Place(NamedTuple):
    """A place where a slot was."""

    number: int
    slot: int
    is_list: bool


def is_slot(value):
    return type(value) is dict and "$" in value


def kind_of(slot):
    """(class of the value or of a list's elements, whether the value is a list)"""
    kind = slot["c"]
    if kind in ("ids", "list:id"):
        return "int+", True
    return (kind.removeprefix(LIST), True) if kind.startswith(LIST) else (kind, False)


class Sentinels:
    """The sentinels of one compilation. `salt` makes its values different from those of other compilations."""

    def __init__(self, salt):
        self._salt = salt
        self._known = {}
        """{value that a sentinel may have become: (place, transform, which of a list's two sentinels)}"""
        self._places = []
        self._texts = []
        self._found = set()

    def stand_in(self, value):
        """The same structure with sentinels in place of slots."""
        if is_slot(value):
            return self._sentinel(value)
        if type(value) is list:
            return [self.stand_in(item) for item in value]
        if type(value) is dict:
            return {key: self.stand_in(item) for key, item in value.items()}
        return value

    def find(self, param):
        """(place, transform) of a parameter that represents one value; None for other parameters."""
        known = self._look_up(param)
        if known is None or known[0].is_list:
            return None
        self._found.add(known[0])
        return known[:2]

    def find_list(self, params):
        """(place, transform) of a tuple that represents one whole list; None for other tuples."""
        known = [self._look_up(param) for param in params]
        if len(known) != 2 or None in known or not known[0][0].is_list or known[0][:2] != known[1][:2]:
            return None
        if known[0][2] == known[1][2]:
            return None
        self._found.add(known[0][0])
        return known[0][:2]

    def holds(self, value):
        """Whether the value contains a sentinel at any depth."""
        if isinstance(value, COLLECTION_TYPES):
            return any(self.holds(item) for item in value)
        if self._look_up(value) is not None:
            return True
        return isinstance(value, str) and any(text in value for text in self._texts)

    def is_complete(self):
        """Whether every place was found in the SQL."""
        return len(self._found) == len(self._places)

    def _look_up(self, value):
        return self._known.get((type(value), value)) if isinstance(value, (str, int, float, date)) else None

    def _sentinel(self, slot):
        kind, is_list = kind_of(slot)
        make = MAKERS.get(kind)
        if make is None or type(slot["$"]) is not int:
            raise NotCompilableError("values", str(kind))
        place = Place(len(self._places), slot["$"], is_list)
        self._places.append(place)
        values = [make(1_000 * self._salt + 2 * place.number + index) for index in range(2 if is_list else 1)]
        for index, value in enumerate(values):
            for transform, becomes in _transforms(kind, value):
                self._known[type(becomes), becomes] = (place, transform, index)
            if type(value) is str:
                self._texts.append(value)
        return values if is_list else values[0]


def _integer(number):
    return INTEGER + 7 * number


def _text(number):
    return f"zq{number}qz"


def _day(number):
    return (DAY + timedelta(days=number)).isoformat()


def _time(number):
    return (datetime(DAY.year, 1, 1, 1, 2, 3) + timedelta(days=number)).isoformat(" ")


MAKERS = {
    "int+": _integer,
    "int-": lambda number: -_integer(number),
    "id": _integer,
    "limit": _integer,
    "offset": _integer,
    "float+": lambda number: FLOAT + number,
    "float-": lambda number: -FLOAT - number,
    "date": _day,
    "datetime": _time,
    "text": _text,
    "place": _text,
}


def _transforms(kind, value):
    """(transform, the resulting value), for each transform that the sidecar can apply."""
    yield "same", value
    if kind in ("int+", "int-"):
        yield "float", float(value)
        yield "text", str(value)
        for digits in range(1, 9):
            yield f"fixed:{digits}", f"{value:.{digits}f}"
    elif kind in ("float+", "float-"):
        for digits in range(2, 9):
            yield f"fixed:{digits}", f"{value:.{digits}f}"
    elif kind == "text":
        yield "contains", f"%{value}%"
    elif kind == "date":
        yield "same", date.fromisoformat(value)
    elif kind == "datetime":
        time = datetime.fromisoformat(value)
        yield "same", time
        yield "plus1s", time + timedelta(seconds=1)
