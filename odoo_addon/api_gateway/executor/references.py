"""`{"$ref": "order.id"}`: a result of an earlier operation, used in a later one of the same transaction."""

from typing import NamedTuple

from .errors import RefusalError

KEY = "$ref"
MAX_DEPTH = 32
# Limits for the sum of all referenced values of a call: a reference of a few bytes may represent a long list.
MAX_VALUES = 200_000
MAX_TEXT = 10 * 1024 * 1024


class References:
    """The results of a call's operations, and how much of them later operations have used."""

    def __init__(self):
        self._results = {}
        self._sizes = {}
        self._values = 0
        self._text = 0

    def add(self, result, *names):
        self._results.update(dict.fromkeys(names, result))

    def resolve(self, value, depth=0):
        """The value with its references replaced."""
        if depth > MAX_DEPTH:
            raise RefusalError("odoo.arguments", f"An operation may have at most {MAX_DEPTH} levels.")
        if type(value) is list:
            return [self.resolve(item, depth + 1) for item in value]
        if type(value) is not dict:
            return value
        if value.keys() == {KEY}:
            found = _look_up(value[KEY], self._results)
            self._count(found, depth, value[KEY])
            return found
        return {key: self.resolve(item, depth + 1) for key, item in value.items()}

    def _count(self, found, depth, path):
        size = self._sizes.get(id(found))  # the ids stay valid because this object keeps the results alive
        if size is None:
            size = self._sizes[id(found)] = _measure(found)
        self._values += size.values
        self._text += size.text
        if self._values > MAX_VALUES or self._text > MAX_TEXT:
            raise RefusalError(
                "request.too_complex",
                f"With {path!r}, the references stand for more than {MAX_VALUES} values or {MAX_TEXT} characters. "
                'Refer to single values, like {"$ref": "order.id"}.',
                path=path,
                max=MAX_VALUES,
            )
        if depth + size.depth > MAX_DEPTH:
            raise RefusalError(
                "odoo.arguments", f"With {path!r}, an operation has more than {MAX_DEPTH} levels.", reference=path
            )


class Size(NamedTuple):
    values: int
    text: int
    depth: int


def _measure(found):
    """The size of a value including everything inside it. Stops counting when it is too large."""
    values = text = deepest = 0
    unmeasured = [(found, 0)]
    while unmeasured and values <= MAX_VALUES and deepest <= MAX_DEPTH:
        value, depth = unmeasured.pop()
        values += 1
        deepest = max(deepest, depth)
        if isinstance(value, (str, bytes)):
            text += len(value)
        elif type(value) in (list, tuple):
            unmeasured.extend((item, depth + 1) for item in value)
        elif type(value) is dict:
            unmeasured.extend((item, depth + 1) for item in (*value, *value.values()))
    return Size(values, text, deepest)


def _look_up(path, results):
    name, *steps = path.split(".") if type(path) is str else (None,)
    if name not in results:
        raise RefusalError("odoo.arguments", f"No earlier operation is called {name!r}.", reference=path)
    found = results[name]
    for step in steps:
        found = _step(found, step)
        if found is None:
            raise RefusalError("odoo.arguments", f"The reference {path!r} has nothing at {step!r}.", reference=path)
    return found


def _step(found, step):
    if type(found) is list:
        if step.isdecimal():
            return found[int(step)] if int(step) < len(found) else None
        # A many2one as Odoo reads it: [id, name].
        return found[0] if step == "id" and len(found) == 2 and type(found[0]) is int else None
    if type(found) is not dict:
        return None
    if step in found:
        return found[step]
    if found.get("records"):
        return found["records"][0].get(step)
    return found["ids"][0] if step == "id" and found.get("ids") else None
