from .arguments import ids, required
from .errors import RefusalError
from .reach import DELETE, READ, WRITE
from .reader import check_tree, read_tree
from .values import check_values, explain_values


def create(env, reach, operation):
    model = reach.model(env, required(operation, "model"), WRITE)
    values_list = required(operation, "values")
    if type(values_list) is not list:
        raise RefusalError("odoo.arguments", "'values' is not a list of objects.", argument="values")
    check_values(reach, model, values_list)
    with explain_values(model, values_list):
        records = model.create(values_list)
        env.flush_all()
    return _written(reach, records, operation)


def write(env, reach, operation):
    model = reach.model(env, required(operation, "model"), WRITE)
    values = required(operation, "values")
    records = model.browse(ids(operation))
    check_values(reach, model, [values])
    with explain_values(model, [values]):
        records.write(values)
        env.flush_all()
    return _written(reach, records, operation)


def unlink(env, reach, operation):
    model = reach.model(env, required(operation, "model"), DELETE)
    records = model.browse(ids(operation))
    records.unlink()
    return {"ids": records.ids}


def _written(reach, records, operation):
    result = {"ids": records.ids}
    tree = operation.get("fields")
    if tree is not None:
        reach.require(records._name, READ)
        check_tree(reach, records, tree)
        records.fetch([name for name in tree if name != "id"])
        result["records"] = read_tree(records, tree)
    return result
