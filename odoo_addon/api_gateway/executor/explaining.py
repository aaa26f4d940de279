"""Explains why the caller may or may not read, change or delete a record: the scope, the access right and the record
rules that decide. A caller learns nothing about records that it cannot see: the answer is the same whether they exist
or not. A gateway manager who asks about another credential learns everything."""

from .arguments import ids, required
from .documents import readable_ids
from .reach import DELETE, READ, WRITE

# For each action of the API: the scope, and Odoo's own term for it.
ACTIONS = {"read": (READ, "read"), "write": (WRITE, "write"), "create": (WRITE, "create"), "delete": (DELETE, "unlink")}


def explain(env, reach, operation):
    """`{"model", "id"?, "actions": {action: {"allowed", "why", "checks": [{"check", "allowed", …}]}}}`. Without `id`,
    the answer is about the model."""
    model = reach.known(env, required(operation, "model"))
    record = model.browse(ids({"ids": [operation["id"]]})) if operation.get("id") is not None else model
    # Looks for the record with a search, as reads do, because some models have no table for exists().
    is_seen = bool(record) and reach.permits(model._name, READ) and bool(readable_ids(model, record.ids))
    answer = {"model": model._name, "actions": {}}
    if record:
        answer["id"] = record.id
    for action, (scope, mode) in ACTIONS.items():
        checks = [_scope_check(reach, model, scope), _right_check(reach, model, mode, action)]
        if record and mode != "create":
            checks.append(_rule_check(reach, record, mode, is_seen))
        refused = next((check for check in checks if not check["allowed"]), None)
        why = refused["why"] if refused else "Nothing stands in the way."
        answer["actions"][action] = {"allowed": refused is None, "why": why, "checks": checks}
    return answer


def explain_to_manager(reach, model, id_):
    """The checks that decide for the credential of `reach` and the user of `model`: `{action: [check]}`. A check is
    `{"check": "scope", "allowed", "scope"?}`, `{"check": "access_right", "allowed", "groups"}` with the names of the
    groups that give the right, or `{"check": "record_rule", "allowed", "exists", "rules"}` with the `ir.rule` records
    that forbid it. If `id_` is None, they are about the model."""
    record = model.browse(id_ or ())
    exists = bool(record) and bool(model.sudo().with_context(active_test=False).search_count([("id", "=", id_)]))
    actions = {}
    for action, (scope, mode) in ACTIONS.items():
        has_right = _has_right(model, mode)
        checks = actions[action] = [
            _scope_check(reach, model, scope),
            {"check": "access_right", "allowed": has_right, "groups": _groups(model, mode, has_right)},
        ]
        if record and mode != "create":
            # Without the right, the rules do not matter.
            is_allowed = exists and (not has_right or _may(record, mode))
            failing = model.env["ir.rule"].union(*(_failing(record, mode) if exists and not is_allowed else ())).sudo()
            checks.append({"check": "record_rule", "allowed": is_allowed, "exists": exists, "rules": failing})
    return actions


def _may(record, mode):
    return record.has_access(mode) and (mode != "read" or bool(readable_ids(record, record.ids)))


def _scope_check(reach, model, scope):
    check = {"check": "scope", "allowed": reach.permits(model._name, scope)}
    if not check["allowed"]:
        missing = reach.missing_scope(model._name, scope)
        if missing:
            check.update(scope=missing, why=f"The credential lacks the scope {missing}, or {scope}.")
        else:
            check["why"] = f"No scope lets a narrowed credential {scope} {model._name}."
    return check


def _right_check(reach, model, mode, action):
    check = {"check": "access_right", "allowed": _has_right(model, mode)}
    if _may_know_names(model.env, reach, "res.groups"):
        check["groups"] = _groups(model, mode, check["allowed"])
    if not check["allowed"]:
        groups = ", ".join(check.get("groups", ()))
        check["why"] = f"The user has no access right to {action} {model._name}." + (
            f" These groups have it: {groups}." if groups else ""
        )
    return check


def _has_right(model, mode):
    return model.env["ir.model.access"].check(model._name, mode, raise_exception=False)


def _groups(model, mode, is_allowed):
    """The names of the groups that give the right. If the user has the right, only the user's own groups."""
    rights = model.env["ir.model.access"].sudo()
    found = rights.search([("model_id.model", "=", model._name), (f"perm_{mode}", "=", True)]).group_id
    if is_allowed:
        found &= model.env.user.sudo().all_group_ids
    return sorted(found.mapped("full_name"))


def _rule_check(reach, record, mode, is_seen):
    if not is_seen:
        check = {"check": "record_rule", "allowed": False}
        check["why"] = f"{record._name} {record.id} does not exist, or your user or credential may not see it."
        if _may_know_names(record.env, reach, "ir.rule"):
            check["rules"] = _names(_rules(record, mode))
        return check
    check = {"check": "record_rule", "allowed": record.has_access(mode)}
    if check["allowed"] or not _has_right(record, mode):
        check["allowed"] = True  # the access right is missing
        return check
    failing = _names(_failing(record, mode)) if _may_know_names(record.env, reach, "ir.rule") else []
    if failing:
        check["rules"] = failing
    by = f"the record rule {', '.join(map(repr, failing))}" if failing else "a rule"
    check["why"] = f"For this record, {by} forbids it."
    return check


def _rules(record, mode):
    """The record rules that apply to the user and may hide records of the model."""
    return [
        rule for model in _with_parents(record.browse()) for rule in model.env["ir.rule"]._get_rules(model._name, mode)
    ]


def _failing(record, mode):
    return [rule for each in _with_parents(record) for rule in each.env["ir.rule"]._get_failing(each, mode)]


def _with_parents(records):
    """The records, and the records from which they inherit fields, whose rules apply, too."""
    yield records
    for name in records._inherits.values():
        parents = records.sudo()[name].with_env(records.env)
        yield from _with_parents(parents)


def _names(rules):
    return sorted({rule.sudo().name for rule in rules if rule.sudo().name})


def _may_know_names(env, reach, model_name):
    """Names of groups and rules are shown only to internal users, with credentials that may read these models."""
    return env.user._is_internal() and (not reach.is_narrowed or reach.permits(model_name, READ))
