"""The syntax of address lists, scope lists and model lists. Mirrors sidecar/src/credentials/scopes.ts."""

import ipaddress
import re

from odoo.exceptions import ValidationError

# `read`, `res.partner:read` or, for a resource, `products_read`
SCOPE = re.compile(
    r"^(?:(?:[a-z_][a-z0-9_.]*:)?(?:read|write|delete|call)|[a-z][a-z0-9-]*_(?:read|write|delete|call))$"
)
ACTIONS = frozenset(["read", "write", "delete", "call"])
MAX_LINES = 1000
SEPARATORS = re.compile(r"[\s,]+")


def lines(text):
    """The parts of a text field separated by whitespace or commas; [] if it is empty."""
    return [part for part in SEPARATORS.split(text or "") if part]


def address_allowed(address, ip_list):
    """Whether an address is in a list of addresses and networks; an empty list allows any. IPv4 addresses written as
    IPv6 (::ffff:203.0.113.7) count as IPv4. A malformed address is never in a list.
    """
    listed = lines(ip_list)
    if not listed:
        return True
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ipaddress.ip_network(entry, strict=False) for entry in listed)


def parse_network(entry):
    """The network of an entry in a list of addresses. IPv4 written as IPv6 counts as IPv4, as in the sidecar."""
    network = ipaddress.ip_network(entry, strict=False)
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < 96:
        return network
    return ipaddress.ip_network((mapped, network.prefixlen - 96))


def meet(a, b):
    """The scopes that both lists allow. A list that is None allows everything."""
    if a is None or b is None:
        return b if a is None else a
    both = [scope for scope in a if any(_covers(other, scope) for other in b)]
    return [*both, *(scope for scope in b if scope not in both and any(_covers(other, scope) for other in a))]


def _covers(held, wanted):
    return held == wanted or (held in ACTIONS and re.split("[:_]", wanted)[-1] == held)


def check_ip_list(env, text):
    """Raises a ValidationError with the first line that is neither an address nor a network."""
    entries = lines(text)
    if len(entries) > MAX_LINES:
        raise ValidationError(env._("At most %s addresses.", MAX_LINES))
    for entry in entries:
        try:
            ipaddress.ip_network(entry, strict=False)
        except ValueError:
            raise ValidationError(
                env._('"%s" is neither an address nor a network such as 203.0.113.0/24.', entry)
            ) from None


def check_scopes(env, text):
    """Raises a ValidationError with the first word that is not a scope."""
    scopes = lines(text)
    if len(scopes) > MAX_LINES:
        raise ValidationError(env._("At most %s scopes.", MAX_LINES))
    for scope in scopes:
        if not SCOPE.fullmatch(scope):
            raise ValidationError(
                env._('"%s" is not a scope. Write read, write, delete, call, res.partner:read or products_read.', scope)
            )


def check_model_names(env, text):
    """Raises a ValidationError with the first line that is not a model of this database."""
    names = lines(text)
    if len(names) > MAX_LINES:
        raise ValidationError(env._("At most %s models.", MAX_LINES))
    for name in names:
        if name not in env:
            raise ValidationError(env._('There is no model "%s".', name))
