"""Names of records must not reveal too much. A relation shows the other record's name, and context keys can add to it:
an e-mail address (`show_email`), a tax number, an amount."""

from .reach import READ

# Keys that every call has. They are kept because they add nothing to names.
KEPT = frozenset(["allowed_company_ids", "company", "lang", "tz", "uid"])


def plain_names(reach, env, context):
    """The context without the keys that would add to the names of models that the credential may not read."""
    if reach.reads_all or not context.keys() - KEPT:
        return context
    dropped = set()
    for name, model in env.registry.items():
        keys = env.registry.field_depends_context[model._fields["display_name"]]
        if not context.keys().isdisjoint(keys) and not reach.permits(name, READ):
            dropped.update(keys)
    dropped -= KEPT
    return {key: value for key, value in context.items() if key not in dropped}
