"""Runs statements on rows that sidecars write all the time."""


def in_own_transaction(env, query, params=()):
    """Runs one statement in a separate READ COMMITTED transaction, which is committed at once, and returns its rows. In
    Odoo's REPEATABLE READ transactions, updating a row that a sidecar has written since the transaction began fails
    with a serialization error, and on a busy row each retry fails, too."""
    with env.registry.cursor() as cr:
        cr.execute("set transaction isolation level read committed")
        cr.execute(query, params)
        return cr.fetchall()
