"""The external ids that callers give to records. The ids of each credential have a separate module, which does not
exist in Odoo."""

OWN_PREFIX = "__api_"


def module_of(namespace):
    """The module of `gateway_key_7`'s external ids."""
    return f"{OWN_PREFIX}{namespace}__"
