"""`{"$ref": "order.id"}`: what an earlier operation of the same transaction gave, in a later one."""

from .errors import RefusalError

KEY = "$ref"
MAX_DEPTH = 32


def resolve(value, results, depth=0):
    """The value with its references replaced. `results` holds what each earlier operation gave, by name."""
    if depth > MAX_DEPTH:
        raise RefusalError("odoo.arguments", f"An operation is nested at most {MAX_DEPTH} deep.")
    if type(value) is list:
        return [resolve(item, results, depth + 1) for item in value]
    if type(value) is not dict:
        return value
    if value.keys() == {KEY}:
        return _look_up(value[KEY], results)
    return {key: resolve(item, results, depth + 1) for key, item in value.items()}


def _look_up(path, results):
    name, *steps = path.split(".") if type(path) is str else (None,)
    if name not in results:
        raise RefusalError("odoo.arguments", f"No earlier operation is called {name!r}.", reference=path)
    found = results[name]
    for step in steps:
        found = _step(found, step)
        if found is None:
            raise RefusalError("odoo.arguments", f"The reference {path!r} leads nowhere at {step!r}.", reference=path)
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
