"""The permissions of a call, from the never-exposed list and the scopes and models of its credential."""

from contextlib import contextmanager
from math import inf

from ..tools.columns import lacks_column
from ..tools.nearest import did_you_mean, nearest
from ..tools.secret_fields import LINKS, is_secret
from .budget import Budget
from .code_and_rights import CODE, GUARDED, NOTES, UNREAD, governor
from .errors import OutOfReachError, RefusalError
from .remote_calls import RemoteCalls
from .room import Room
from .state import Patterns

READ, WRITE, DELETE, CALL = "read", "write", "delete", "call"


class Reach:
    """The permissions of one call. Also contains the call's budget, because every check of a name needs the permissions
    and the budget."""

    def __init__(self, never_exposed, grant, room, env):
        self._remote_calls = RemoteCalls(env)
        self._registry = env.registry
        self._is_reading = False
        self.drops_unchanged = False
        """Whether Odoo has refused the call as it was sent; in the second try, values that change nothing are left
        out."""
        self.is_bare = False
        """Whether the call came over one of Odoo's own protocols, where only the call's own context applies."""
        self.deadline = inf
        """The deadline of the call, on the clock of `time.monotonic()`."""
        self.budget = Budget()
        self.room: Room = room
        self._never_exposed = never_exposed
        self._scopes = None if grant["scopes"] is None else frozenset(grant["scopes"])
        self._models = None if grant["models"] is None else Patterns(grant["models"])

    @property
    def is_narrowed(self):
        return self._scopes is not None or self._models is not None

    @property
    def reads_all(self):
        """Whether the credential may read everything that its user may."""
        return self._models is None and (self._scopes is None or READ in self._scopes)

    def hides(self, model_name):
        return self._never_exposed.match(model_name)

    def guards(self, model_name):
        """Whether the model is closed to writes while the call runs, even to Odoo's own superuser code."""
        return model_name.startswith("gateway.") or (self.is_narrowed and GUARDED.match(model_name))

    def keeps(self, model_name):
        """Whether the model is closed to writes while a reading method runs. A wizard's own records remain writable."""
        if not (self._is_reading and self.is_narrowed):
            return False
        return not self._registry[model_name]._transient and not self.permits(model_name, WRITE)

    @contextmanager
    def during(self, action):
        """For a method that needs only the scope `read`: while it runs, it cannot write anything that the credential
        may not write."""
        self._is_reading = action == READ
        try:
            yield
        finally:
            self._is_reading = False

    def shows(self, field):
        """Whether the field is described to callers, and is read when the caller names no fields."""
        is_hidden = field.relational and self.hides(field.comodel_name)
        return not (is_hidden or is_secret(field) or self._is_closed_link(field))

    def _is_closed_link(self, field):
        return self.is_narrowed and (field.model_name, field.name) in LINKS

    def model(self, env, name, action, *methods, abstract=False):
        """The model of that name, if it exists and the call may act on it; `methods` as for `require`."""
        model = self.known(env, name, abstract)
        self.require(name, action, *methods)
        return model

    def known(self, env, name, abstract=False):
        if type(name) is not str:
            raise RefusalError("odoo.model", "The name of a model must be a string.")
        if self.hides(name):
            raise OutOfReachError(f"The model {name} cannot be reached through the gateway.", model=name)
        if name not in env.registry or name.startswith("_") or (env.registry[name]._abstract and not abstract):
            meant = self._meant(env, name)
            raise RefusalError("odoo.model", f"There is no model {name}.{did_you_mean(meant)}", model=name)
        return env[name]

    def _meant(self, env, name):
        """A list with the name that is most similar to a wrong name, among the models that the caller may read; empty
        if no name is similar."""
        near = nearest(name, (known for known in env.registry if not env.registry[known]._abstract), most=5)
        return [known for known in near if self.permits(known, READ) and env[known].has_access("read")][:1]

    def _tells(self, model, field):
        return self.shows(field) and model._has_field_access(field, "read")

    def permits(self, model_name, action, *methods):
        return self._is_granted(model_name, action) and self.may_permit(model_name, action, *methods)

    def may_permit(self, model_name, action, *methods):
        """Whether there is a scope that would let a narrowed credential do the action."""
        is_closed = self._remote_calls.closes(model_name, action, methods)
        return not (is_closed or self._is_guarded(model_name, action))

    def missing_scope(self, model_name, action):
        """The scope that is missing for the action; None if none is missing, or if no scope would permit it."""
        if self.hides(model_name) or self._is_granted(model_name, action) or not self.may_permit(model_name, action):
            return None
        return f"{model_name}:{action}"

    def _is_granted(self, model_name, action):
        return (self._models is None or self._models.match(model_name)) and (
            self._scopes is None or not self._scopes.isdisjoint((action, f"{model_name}:{action}"))
        )

    def require(self, model_name, action, *methods):
        """Refuse an action that the credential may not do, or that another addon has closed. :param methods: names of
        the methods that have this effect
        """
        if self._remote_calls.closes(model_name, action, methods):
            raise OutOfReachError(
                f"An addon has closed {' and '.join(methods) or action} of {model_name} to remote calls.",
                model=model_name,
            )
        if self._is_guarded(model_name, action):
            raise OutOfReachError(
                f"Records of {model_name} contain code or grant rights. Only a credential without scopes or models may "
                f"{action} them.",
                model=model_name,
            )
        if not self._is_granted(model_name, action):
            raise OutOfReachError(
                f"This credential may not {action} {model_name}.", f"{model_name}:{action}", model=model_name
            )

    def require_one(self, env, model_name, actions):
        """Check a model that an argument names: one of the actions must be allowed on it."""
        self.known(env, model_name, abstract=True)
        if not any(self.permits(model_name, action) for action in actions):
            self.require(model_name, next((a for a in actions if self.missing_scope(model_name, a)), actions[0]))

    def _is_guarded(self, model_name, action):
        if not self.is_narrowed:
            return False
        return CODE.match(model_name) if action in (WRITE, DELETE) else action == READ and model_name in UNREAD

    def names(self, model_name):
        """Whether the credential names this model explicitly, not only by `*`."""
        scopes = self._scopes is not None and f"{model_name}:{WRITE}" in self._scopes
        return scopes or (self._models is not None and model_name in self._models.names)

    def field(self, model, name, action=READ, is_aggregated=False):
        """The field of that name, if it exists, may be read (or written, with `action` WRITE), and does not refer to a
        model that is never exposed. `is_aggregated`: whether the caller requests only its value in groups."""
        field = model._fields.get(name) if type(name) is str else None
        if field is None:
            meant = nearest(name, (known for known, field in model._fields.items() if self._tells(model, field)))
            raise RefusalError(
                "odoo.field",
                f"The model {model._name} has no field {name}.{did_you_mean(meant)}",
                model=model._name,
                field=name,
            )
        if field.relational and self.hides(field.comodel_name):
            raise OutOfReachError(
                f"The field {name} of {model._name} links to {field.comodel_name}, which cannot be reached through "
                "the gateway.",
                model=model._name,
                field=name,
            )
        if action == READ and is_secret(field):
            raise OutOfReachError(
                f"The field {name} of {model._name} holds a password or another secret. The gateway never reads it.",
                model=model._name,
                field=name,
            )
        if action == READ and not is_aggregated and lacks_column(model, field):
            raise RefusalError(
                "odoo.field",
                f"The field {name} of {model._name} has values only in groups, not in records.",
                model=model._name,
                field=name,
            )
        if action == READ and self._is_closed_link(field):
            raise OutOfReachError(
                f"The field {name} of {model._name} gives anyone access to a document. Only a credential without "
                "scopes or models may read it.",
                model=model._name,
                field=name,
            )
        if action == WRITE and (field.base_field.model_name, name) in NOTES:
            raise OutOfReachError(
                f"The field {name} of {model._name} contains Odoo's own instructions for its scheduled jobs. Call "
                "the method that creates them.",
                model=model._name,
                field=name,
            )
        if action == WRITE and self.is_narrowed:
            self._check_rights(model, name)
        return field

    def _check_rights(self, model, name):
        hands_out, named = governor(model, name)
        if hands_out and not (named and self.names(named)):
            more = f", or one that names {named}," if named else ""
            raise OutOfReachError(
                f"The field {name} of {model._name} grants rights. Only a credential without scopes or models{more} "
                "may write it.",
                f"{named}:{WRITE}" if named else None,
                model=model._name,
                field=name,
            )

    def step(self, model, field, name):
        """The comodel of a relation whose field `name` will be read."""
        comodel = model.env[field.comodel_name]
        self.require_shown(comodel, name)
        return comodel

    def require_shown(self, comodel, *names):
        """Check fields of the model behind a relation. Its id and name are part of the relation; all other fields need
        the right to read that model."""
        if not {"id", "display_name", comodel._rec_name}.issuperset(names):
            self.require(comodel._name, READ)
