import time
from typing import NamedTuple

# A rotated secret, a new entry in the never-exposed list, and a copied database that took over the name of another are
# noticed within this time.
MAX_AGE_S = 1.0

_states = {}


class Patterns:
    """Model names. A `*` at the end matches any suffix."""

    def __init__(self, patterns):
        self.names = frozenset(pattern for pattern in patterns if not pattern.endswith("*"))
        self.prefixes = tuple(pattern[:-1] for pattern in patterns if pattern.endswith("*"))

    def match(self, name):
        return name in self.names or name.startswith(self.prefixes)


class State(NamedTuple):
    """The data that the channel needs for checking a body, read at most once a second per process."""

    database_uuid: str
    secrets: tuple
    """The current secret, followed by older secrets that are still valid after a rotation."""
    never_exposed: Patterns
    answer_bytes: int
    answer_records: int
    read_at: float


def current_state(cr, fresh=False):
    """The state of the cursor's database. `fresh`: read it again even if the last read is recent."""
    state = _states.get(cr.dbname)
    if state is None or fresh or time.monotonic() - state.read_at > MAX_AGE_S:
        cr.execute(
            """
            select
              gateway.database_uuid(),
              array(
                select encode(s.value, 'hex')
                from gateway.secret s
                where s.purpose = 'channel'
                  and s.database_uuid = gateway.database_uuid()
                  and (s.expires_at is null or s.expires_at > gateway.utc_now())
                order by s.expires_at desc nulls first
              ),
              gateway.never_exposed_models(),
              gateway.setting_number('answer.max_bytes')::integer,
              gateway.setting_number('answer.max_records')::integer
            """
        )
        uuid, secrets, patterns, *limits = cr.fetchone()
        secrets = tuple(bytes.fromhex(secret) for secret in secrets)
        state = State(uuid, secrets, Patterns(patterns), *limits, time.monotonic())
        _states[cr.dbname] = state
    return state
