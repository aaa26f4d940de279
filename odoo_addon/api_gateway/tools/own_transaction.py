"""Statements on rows that sidecars write all the time."""


def in_own_transaction(env, query, params=()):
    """Runs one statement in a READ COMMITTED transaction of its own, committed at once, and gives its rows.

    In Odoo's REPEATABLE READ transactions a row that a sidecar has written since their start fails with a
    serialization error, and a busy one does so at each retry.
    """
    with env.registry.cursor() as cr:
        cr.execute("set transaction isolation level read committed")
        cr.execute(query, params)
        return cr.fetchall()
