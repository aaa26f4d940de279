"""The external ids that callers give to records. Each credential has names of its own, under a module that does not
exist."""

OWN_PREFIX = "__api_"


def module_of(namespace):
    """The module of `gateway_key_7`'s external ids."""
    return f"{OWN_PREFIX}{namespace}__"
