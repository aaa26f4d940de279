import time

from .errors import RefusalError

# A wait for a lock ends before the deadline, so that the error shows whether a lock or a slow statement was the cause.
LOCK_SHARE = 0.8


class Clock:
    """Ends a transaction's statements at the deadline, on the clock of `time.monotonic()`."""

    def __init__(self, cr, deadline, read_only):
        self._cr = cr
        self._deadline = deadline
        self._read_only = read_only
        self._armed_ms = None

    @property
    def left_s(self):
        return self._deadline - time.monotonic()

    def portion(self, among):
        """A clock for one of `among` consecutive pieces of work. Each piece gets an equal share of the time."""
        return Clock(self._cr, time.monotonic() + self.left_s / among, self._read_only)

    def arm(self):
        """Call this before each piece of work. A statement may take up to a quarter longer than its share."""
        left_ms = int(self.left_s * 1000)
        if left_ms <= 0:
            raise RefusalError("odoo.timeout", "Odoo ran out of time for the request.")
        if self._armed_ms is not None and left_ms >= 0.8 * self._armed_ms:
            return
        settings = {"statement_timeout": str(left_ms), "lock_timeout": str(max(1, int(left_ms * LOCK_SHARE)))}
        if self._read_only and self._armed_ms is None:
            # Without a replica, Odoo's own read-only cursor does not prevent writes.
            settings["transaction_read_only"] = "on"
        self._cr.execute(
            "select set_config(name, value, true) from unnest(%s, %s) as s (name, value)",
            (list(settings), list(settings.values())),
        )
        self._armed_ms = left_ms

    def disarm(self):
        """Call this when the transaction for which the clock was armed has ended."""
        self._armed_ms = None
