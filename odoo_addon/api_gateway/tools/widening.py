"""What narrows a credential, and whether a change widens it."""

import ipaddress
from typing import NamedTuple

from .narrowing import lines


class Narrowing(NamedTuple):
    """Empty means all, as in the fields that it comes from. Limits are no part of it: they are a manager's to set."""

    scopes: frozenset
    ips: frozenset
    profile_scopes: frozenset
    profile_ips: frozenset
    models: frozenset
    active: bool
    expires_at: object

    @classmethod
    def of(cls, profile, credential=None):
        """Of a credential under its profile, either of which may be empty."""
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
        """Whether this allows nothing that `before` did not."""
        return (
            _within(self.scopes, before.scopes, _covers_scope)
            and _within(self.ips, before.ips, _covers_address)
            and _within(self.profile_scopes, before.profile_scopes, _covers_scope)
            and _within(self.profile_ips, before.profile_ips, _covers_address)
            and _within(self.models, before.models, str.__eq__)
            and (before.active or not self.active)
            and (before.expires_at is None or (self.expires_at is not None and self.expires_at <= before.expires_at))
        )


def addresses_within(after, before):
    """Whether a list of addresses and networks allows none that another does not; an empty one allows all."""
    return _within(after, before, _covers_address)


def _within(after, before, covers):
    if after == before or not before:
        return True
    return bool(after) and all(any(covers(old, new) for old in before) for new in after)


def _covers_scope(old, new):
    return new == old or new.endswith((f":{old}", f"_{old}"))


def _covers_address(old, new):
    old, new = (ipaddress.ip_network(entry, strict=False) for entry in (old, new))
    return old.version == new.version and new.subnet_of(old)
