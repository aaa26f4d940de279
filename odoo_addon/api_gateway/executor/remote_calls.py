"""Models and methods that an addon has closed to remote calls. OCA's rpc_helper closes them by its decorator
`@disable_rpc` and by the *RPC config* of a model; it holds that against `execute_cr`, which no call of the gateway
passes."""

# The methods that an action stands for, whichever operation it comes with.
METHODS = {"read": ("read",), "delete": ("unlink",)}


class RemoteCalls:
    def __init__(self, env):
        self._env = env
        self._closed = {}

    def closes(self, model_name, action, methods):
        """Whether the model is closed as a whole, or for one of the methods or what the action itself stands for.

        :param str action: as in `reach`
        :param tuple methods: names that the operation amounts to
        """
        closed = self._closed.get(model_name)
        if closed is None:
            closed = self._closed[model_name] = _closed_methods(self._env, model_name)
        return bool(closed) and not closed.isdisjoint(("all", *METHODS.get(action, ()), *methods))


def _closed_methods(env, model_name):
    """As rpc_helper reads it: what the class says, else what an administrator wrote into the model."""
    closed = getattr(env.registry.get(model_name), "_disable_rpc", None)
    if closed is None:
        config = getattr(env["ir.model"], "_get_rpc_config", None)
        closed = config(model_name).get("disable") if config else None
    return frozenset([closed] if isinstance(closed, str) else closed or ())


def amounts_to(method, action):
    """The methods with which this one is closed, too: a caller must not come by another name.

    :param str action: as `effects.effect_of` gives it
    """
    if action == "write" and method not in ("create", "write"):
        return (method, "create", "write")
    return (method, "search") if "search" in method else (method,)
