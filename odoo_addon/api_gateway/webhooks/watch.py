"""The webhooks that watch a model, as plain data, which the registry's cache may keep."""

from typing import NamedTuple

# Fields that change with every write, or are internal to Odoo.
TECHNICAL = frozenset(["id", "create_uid", "create_date", "write_uid", "write_date", "parent_path"])
# A relation to one of these models changes with every message, so it is not watched.
CHATTER = frozenset(["mail.message", "mail.followers", "mail.activity"])


class Hook(NamedTuple):
    """One webhook."""

    id: int
    events: frozenset
    owner_id: int
    domain: list
    watched: frozenset
    """A job is created if one of these fields changes. If there are none, a change of any field creates a job."""
    payload: tuple
    """The fields to send. If there are none, all stored fields that the owner may read are sent."""
    with_previous: bool

    def concerns(self, changed):
        """The names of changed fields that this webhook reports; empty if there is nothing to send."""
        if not self.watched:
            return changed
        if self.watched.isdisjoint(changed):
            return set()
        return changed & self.watched.union(self.payload)


class Watch(NamedTuple):
    """All webhooks of one model."""

    hooks: tuple
    columns: frozenset
    x2many: frozenset

    def has(self, event):
        return any(event in hook.events for hook in self.hooks)


def watch_of(model, hooks, hidden):
    """`hidden` says whether a model is never exposed."""
    tracked = set()
    for hook in hooks:
        if "write" in hook.events:
            tracked |= hook.watched.union(hook.payload) if hook.watched else model._fields.keys()
    stored = [
        field
        for name in tracked
        if (field := model._fields.get(name))
        and field.store
        and name not in TECHNICAL
        and not (field.relational and hidden(field.comodel_name))
    ]
    return Watch(
        tuple(hooks),
        frozenset(field.name for field in stored if field.column_type),
        frozenset(
            field.name
            for field in stored
            if field.type in ("one2many", "many2many") and field.comodel_name not in CHATTER
        ),
    )
