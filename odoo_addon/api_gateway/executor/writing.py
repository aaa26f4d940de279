from .arguments import ids, required
from .errors import RefusalError
from .preconditions import check_unchanged
from .reach import DELETE, READ, WRITE
from .reader import check_tree, read_tree
from .readonly import ReadOnly
from .values import check_values, explain_values


def create(env, reach, operation):
    return create_together(env, reach, [operation])[0]


def create_together(env, reach, operations):
    """Create the records of several operations on one model in one call of the ORM, which costs little more than one
    operation. Returns a result for each."""
    model = reach.model(env, required(operations[0], "model"), WRITE, "create")
    lists = [required(operation, "values") for operation in operations]
    if not all(type(values_list) is list for values_list in lists):
        raise RefusalError("odoo.arguments", "'values' is not a list of objects.", argument="values")
    set_aside = [ReadOnly(reach) for _ in operations]
    for own, values_list in zip(set_aside, lists, strict=True):
        own.of_creation(model, values_list)
    values_list = [values for values_list in lists for values in values_list]
    check_values(reach, model, values_list)
    with explain_values(model, values_list):
        records = model.create(values_list)
        env.flush_all()
    results, start = [], 0
    for operation, own, values_list in zip(operations, set_aside, lists, strict=True):
        created = records[start : start + len(values_list)]
        own.check_created(created)
        results.append(_written(reach, created, operation, own.ignored))
        start += len(values_list)
    return results


def write(env, reach, operation):
    return write_together(env, reach, [operation])[0]


def write_together(env, reach, operations):
    """Like create_together(). No record occurs in two of the operations."""
    model = reach.model(env, required(operations[0], "model"), WRITE, "write")
    values_list = [required(operation, "values") for operation in operations]
    for operation in operations:
        check_unchanged(env, reach, model, operation)
    everyone = model.browse([id_ for operation in operations for id_ in ids(operation)])
    set_aside = [ReadOnly(reach) for _ in operations]
    for own, operation, values in zip(set_aside, operations, values_list, strict=True):
        own.of_update(model.browse(operation["ids"]), values)
    dropped = []
    if reach.drops_unchanged:
        for own, operation, values in zip(set_aside, operations, values_list, strict=True):
            dropped.append(own.drop_unchanged(model.browse(operation["ids"]), values))
    check_values(reach, model, values_list, [operation["ids"] for operation in operations])
    with explain_values(model, values_list):
        for operation, values in zip(operations, values_list, strict=True):
            # With this prefetching, the ORM reads the values that it needs before a write for all records at once.
            model.browse(operation["ids"]).with_prefetch(everyone.ids).write(values)
        env.flush_all()
    for own, operation, values in zip(set_aside, operations, dropped, strict=False):
        own.check_dropped(model.browse(operation["ids"]), values)
    return [
        _written(reach, model.browse(operation["ids"]), operation, own.ignored)
        for operation, own in zip(operations, set_aside, strict=True)
    ]


def unlink(env, reach, operation):
    model = reach.model(env, required(operation, "model"), DELETE)
    records = model.browse(ids(operation))
    check_unchanged(env, reach, model, operation)
    records.unlink()
    return {"ids": records.ids}


def _written(reach, records, operation, ignored):
    result = {"ids": records.ids}
    if ignored:
        result["ignored"] = ignored
    tree = operation.get("fields")
    if tree is not None:
        reach.require(records._name, READ)
        check_tree(reach, records, tree)
        result["records"] = read_tree(reach.room, records, tree)
    return result
