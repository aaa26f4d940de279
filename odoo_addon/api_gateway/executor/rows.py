"""Rows that belong to another model's records: files, messages, activities. Callers that may not read that model never
find them."""

from contextlib import contextmanager

from odoo.fields import Domain

from .effects import effect_of
from .reach import CALL, READ, WRITE

# The field that names the model.
ABOUT = {
    "ir.attachment": "res_model",
    "mail.activity": "res_model",
    "mail.followers": "res_model",
    "mail.message": "model",
    "mail.scheduled.message": "model",
    "mail.tracking.value": "mail_message_id.model",
    "rating.rating": "res_model",
    "snailmail.letter": "model",
}
# Messages of queued mail (code_and_rights.UNREAD), but not messages between people.
MAILED = Domain("mail_ids", "not any", [("is_notification", "=", False)])


class Rows:
    """Decides which rows a call may reach. There is one object per call; the ORM consults it together with Odoo's
    record rules."""

    def __init__(self, reach):
        self._reach = reach
        self._is_flow = False
        self._is_granted = False
        self._domains = {}

    def domain(self, env, model_name, mode):
        """A domain for the rows that the call may reach; None: all rows. `mode` is `read`, `write`, `create` or
        `unlink`, as in record rules."""
        domain = self._reached(env, model_name, mode)
        if model_name != "mail.message" or mode == "create":
            return domain
        if self._reach.is_narrowed:
            return domain & MAILED
        # Everyone may read users, so mail about them, such as a password reset, needs this additional condition.
        return domain if env["mail.mail"].has_access("read") else domain & (MAILED | Domain("model", "!=", "res.users"))

    def _reached(self, env, model_name, mode):
        parents = env.registry[model_name]._inherits
        if model_name not in ABOUT and not parents:
            return None
        key = model_name, mode, self._is_flow, self._is_granted
        if key not in self._domains:
            domains = [self._own(env, model_name, mode)] if model_name in ABOUT else []
            for parent, field in parents.items():
                if domain := self._reached(env, parent, mode):
                    domains.append(Domain(field, "any", domain))
            self._domains[key] = Domain.AND(domains) if domains else None
        return self._domains[key]

    @contextmanager
    def flow(self, model, name):
        """While a module's method runs, the credential's scopes hide no rows from it: it acts for the user, and its
        arguments have been checked. For a method of a model in ABOUT, rows remain hidden."""
        if effect_of(model, name) != CALL or not ABOUT.keys().isdisjoint((model._name, *model._inherits)):
            yield
            return
        self._is_flow = True
        try:
            yield
        finally:
            self._is_flow = False

    def missing_scope(self, records, mode):
        """The scope that the call lacks for the rows that `domain` refuses; None: no scope would open them all."""
        self._is_granted = True
        try:
            domain = self.domain(records.env, records._name, mode)
        finally:
            self._is_granted = False
        rows = records.sudo()
        if domain and rows.filtered_domain(domain) != rows:
            return None
        scopes = (
            self._reach.missing_scope(name, action)
            for owner, path in _abouts(records.env, records._name)
            for name in sorted(set(rows.mapped(path)) & records.env.registry.models.keys())
            for action in _actions(owner, mode)
        )
        return next(filter(None, scopes), None)

    def _own(self, env, model_name, mode):
        field = ABOUT[model_name]
        if model_name == "ir.attachment":
            return self._of_files(env, mode)
        # The record to which a new row belongs was checked when the caller named it.
        return self._of_models(env, field, None if mode == "create" else READ)

    def _of_files(self, env, mode):
        """A file that holds a field's value needs the rights for that field."""
        domain = self._of_models(env, "res_model", READ if mode in ("read", "create") else WRITE)
        for model_name, names in env["ir.rule"]._gateway_secret_files().items():
            domain &= Domain("res_model", "!=", model_name) | Domain("res_field", "not in", names)
        if mode == "read" or not self._reach.is_narrowed:
            return domain
        if mode == "create":
            domain &= Domain("res_field", "=", False) | self._of_models(env, "res_model", WRITE)
        # Files that Odoo serves at a URL can be code, such as the scripts of its pages.
        is_served = Domain("type", "=", "binary") & Domain("url", "!=", False)
        return domain & ~is_served & Domain("res_model", "!=", "ir.ui.view")

    def _of_models(self, env, field, action):
        names = set(env.registry.models)
        refused = {name for name in names if self._refuses(name, action)}
        if 2 * len(refused) > len(names):
            return Domain(field, "in", [*sorted(names - refused), False])
        return Domain(field, "not in", sorted(refused)) if refused else Domain.TRUE

    def _refuses(self, model_name, action):
        if self._reach.hides(model_name):
            return True
        if action is None or self._is_flow or not self._reach.is_narrowed:
            return False
        return not (self._reach.may_permit if self._is_granted else self._reach.permits)(model_name, action)


def _abouts(env, model_name):
    """(model in ABOUT, path to the field that names the model), for the model itself and those from which it
    inherits."""
    if model_name in ABOUT:
        yield model_name, ABOUT[model_name]
    for parent, field in env.registry[model_name]._inherits.items():
        for owner, path in _abouts(env, parent):
            yield owner, f"{field}.{path}"


def _actions(owner, mode):
    """The action needed on a row's model: changing a file means writing its record."""
    if owner != "ir.attachment" or mode == "read":
        return (READ,)
    return (READ, WRITE) if mode == "create" else (WRITE,)
