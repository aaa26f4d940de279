"""The versions that a plan depends on, besides the rows that it reads."""

from odoo.tools import SQL

from .refusals import NotCompilableError


def versions_of(env):
    """The result of `gateway.read_versions()`, if this worker's caches are as new as the transaction. Otherwise the
    plan might be older than the versions say.

    :raises NotCompilableError: `moving`"""
    [(versions,)] = env.execute_query(SQL("SELECT gateway.read_versions()"))
    registry = env.registry
    caches = registry.cache_sequences
    known = [registry.registry_sequence, *(caches[name] for name in ("default", "stable", "groups"))]
    if versions.partition("/")[0] != ".".join(map(str, known)):
        raise NotCompilableError("moving")
    return versions
