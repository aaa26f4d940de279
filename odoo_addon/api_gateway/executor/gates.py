"""Sets the permissions that the models check while a call runs (`tools/gate.py`)."""

from contextlib import contextmanager
from functools import partial

from ..tools.gate import Gate, gate
from .doors import check_accounts, check_doors
from .loading import Loading
from .rows import Rows


@contextmanager
def entered(reach):
    """A context in which models and rows outside the reach are closed."""
    token = gate.set(
        Gate(
            hides=reach.hides,
            guards=reach.guards,
            keeps=reach.keeps,
            shows=reach.shows,
            is_narrowed=reach.is_narrowed,
            check_doors=partial(check_doors, reach),
            check_accounts=partial(check_accounts, reach),
            loading=Loading(reach),
            missing_scope=reach.missing_scope,
            rows=Rows(reach),
        )
    )
    try:
        yield
    finally:
        gate.reset(token)
