"""Models and methods that an addon has closed to remote calls. OCA's rpc_helper closes them with its decorator
`@disable_rpc` and the *RPC config* of a model. It guards only `execute_cr`, which the gateway's calls do not use."""

# The methods with the same effect as an action, in every operation.
METHODS = {"read": ("read",), "delete": ("unlink",)}


class RemoteCalls:
    def __init__(self, env):
        self._env = env
        self._closed = {}

    def closes(self, model_name, action, methods):
        """Whether the model is closed as a whole, or for one of the methods, or for the action's own methods.

        :param str action: as in `reach`
        :param tuple methods: names of the methods that have the operation's effect
        """
        closed = self._closed.get(model_name)
        if closed is None:
            closed = self._closed[model_name] = _closed_methods(self._env, model_name)
        return bool(closed) and not closed.isdisjoint(("all", *METHODS.get(action, ()), *methods))


def _closed_methods(env, model_name):
    """The closed methods, where rpc_helper finds them: in the class, otherwise in the model's configuration."""
    closed = getattr(env.registry.get(model_name), "_disable_rpc", None)
    if closed is None:
        config = getattr(env["ir.model"], "_get_rpc_config", None)
        closed = config(model_name).get("disable") if config else None
    return frozenset([closed] if isinstance(closed, str) else closed or ())


def amounts_to(method, action):
    """Returns `method`, and the methods whose effect a caller could get through it. If one of them is closed, `method`
    is closed, too: a caller must not get the same effect under another name. :param str action: as
    `effects.effect_of` returns it"""
    if action == "write" and method not in ("create", "write"):
        return (method, "create", "write")
    return (method, "search") if "search" in method else (method,)
