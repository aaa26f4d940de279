"""The records that an operation is about, and the number of records that it affects."""

from .effects import effect_of
from .reach import READ

# The results of these operations name the records that the operations have written.
WRITING = frozenset(["create", "write", "unlink", "upsert", "store", "write_found", "unlink_found"])


def named_ids(env, operation):
    """The ids in an operation; [] if they are not ids, or the model has no records."""
    ids, model = operation.get("ids"), operation.get("model")
    is_list = type(ids) is list and all(type(id_) is int and 0 < id_ < 2**31 for id_ in ids)
    return ids if is_list and type(model) is str and model in env and not env[model]._abstract else []


def called_ids(env, operation):
    """The ids on which a method is called. They may also be the first argument."""
    args, model = operation.get("args"), operation.get("model")
    if (
        operation.get("ids") is not None
        or type(args) is not list
        or not args
        or type(model) is not str
        or model not in env
    ):
        return named_ids(env, operation)
    if getattr(getattr(env[model], str(operation.get("method")), None), "_api_model", False):
        return []
    return named_ids(env, {**operation, "ids": args[0] if type(args[0]) is list else [args[0]]})


def affected(env, operation, result):
    """The number of records that the operation has written. For a method, this is the number of records on which it is
    called, or of ids that it returns, whichever is greater; other records that it has written are not counted."""
    if operation["op"] in WRITING:
        return len(result["ids"])
    if operation["op"] != "call" or effect_of(env[operation["model"]], operation["method"]) == READ:
        return 0
    return max(len(called_ids(env, operation)), _returned(result))


def _returned(result):
    if type(result) is dict:  # of `load`; false if a row was refused
        result = result.get("ids")
    if type(result) is list:
        return sum(type(id_) is int for id_ in result)
    return int(type(result) is int)
