"""Refusals by record rules, in plain words. Odoo's own text contains jokes, and may name records that the user cannot
see. A record that the caller cannot see is refused like one that does not exist, whatever the caller wanted to do with
it."""

from odoo.exceptions import AccessError, MissingError, UserError

from .documents import readable_ids
from .errors import RefusalError

MISSING = "%s %s does not exist, or your user may not see it."
MOST_NAMED = 10
VERBS = {"read": "read", "write": "change", "create": "create", "unlink": "delete"}


def in_plain_words(exc, env, operation):
    """The refusal that replaces Odoo's error in the answer. Returns the error itself unless it is about a missing
    record of the operation, or about a record rule. The cursor must have been rolled back, because this reads
    records."""
    refused = getattr(exc, "gateway_refused", None) if isinstance(exc, AccessError) else None
    if refused is None and not isinstance(exc, MissingError):
        return exc
    model_name, wanted = operation.get("model"), operation.get("ids")
    if model_name in env and type(wanted) is list and all(type(id_) is int for id_ in wanted):
        try:
            unseen = sorted(set(wanted) - readable_ids(env[model_name], wanted))
        except UserError:  # the model cannot be searched
            unseen = ()
        if unseen:
            return missing(model_name, unseen)
    return exc if refused is None else _forbidden(*refused)


def missing(model_name, ids):
    """The refusal of records that do not exist, or that the caller may not see."""
    named = ", ".join(map(str, ids[:MOST_NAMED]))
    details = {"id": ids[0]} if len(ids) == 1 else {"ids": ids[:MOST_NAMED]}
    return RefusalError("odoo.missing", MISSING % (model_name, named), model=model_name, **details)


def _forbidden(mode, model_name, ids):
    if mode == "create":
        return RefusalError(
            "odoo.access", f"A record rule does not let your user create this {model_name}.", model=model_name
        )
    named = ", ".join(map(str, ids[:MOST_NAMED]))
    return RefusalError(
        "odoo.access",
        f"A record rule does not let your user {VERBS.get(mode, mode)} {model_name} {named}. "
        f"GET /api/v1/{model_name}/{ids[0]}/access shows the reasons.",
        model=model_name,
        ids=ids[:MOST_NAMED],
    )
