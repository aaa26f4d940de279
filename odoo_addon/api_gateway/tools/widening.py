"""The restrictions of a credential, and whether a change weakens them."""

import re
from typing import NamedTuple

from .narrowing import lines, parse_network


class Narrowing(NamedTuple):
    """An empty value means no restriction, as in the fields. Rate limits are not included, because any manager may set
    them."""

    scopes: frozenset
    ips: frozenset
    profile_scopes: frozenset
    profile_ips: frozenset
    models: frozenset
    active: bool
    expires_at: object

    @classmethod
    def of(cls, profile, credential=None):
        """The restrictions of a credential together with its profile. Either may be empty."""
        return cls(
            frozenset(lines(credential.scopes)) if credential else frozenset(),
            frozenset(lines(credential.ip_list)) if credential else frozenset(),
            frozenset(lines(profile.scopes)),
            frozenset(lines(profile.ip_list)),
            frozenset(lines(profile.model_names)),
            bool(credential and credential.active),
            (credential and credential.expires_at) or None,
        )

    def is_within(self, before):
        """Whether these restrictions allow only what `before` allowed."""
        return (
            _within(self.scopes, before.scopes, _scopes_around)
            and addresses_within(self.ips, before.ips)
            and _within(self.profile_scopes, before.profile_scopes, _scopes_around)
            and addresses_within(self.profile_ips, before.profile_ips)
            and _within(self.models, before.models, _models_around)
            and (before.active or not self.active)
            and (before.expires_at is None or (self.expires_at is not None and self.expires_at <= before.expires_at))
        )


def addresses_within(after, before):
    """Whether every address allowed by one list is also allowed by another; an empty list allows all."""
    known = {parse_network(entry) for entry in before}
    lengths = {network.prefixlen for network in known}

    def around(network):
        return (network.supernet(new_prefix=length) for length in lengths if length <= network.prefixlen)

    return _within({parse_network(entry) for entry in after}, known, around)


def _within(after, before, around):
    """Whether `after` allows only what `before` allowed. `around` returns all entries that allow everything that an
    entry allows."""
    if after == before or not before:
        return True
    return bool(after) and all(any(wider in before for wider in around(entry)) for entry in after)


def _models_around(name):
    return (name,)


def _scopes_around(scope):
    """The scope itself, and the scope for its action on all models."""
    return scope, re.split("[:_]", scope)[-1]
