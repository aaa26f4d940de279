"""Why a read is not compiled."""


class NotCompilableError(Exception):
    """The read goes Odoo's way.

    :param str why: a code, by which the sidecar counts: `context`, `model`, `field`, `name`, `order`, `domain`,
        `clock`, `statements`, `values`, `constant`, `rights`, `budget`, `moving`, `error`
    :param str what: the model, field or method that it is about"""

    def __init__(self, why, what=""):
        super().__init__(why, what)
        self.why = why
        self.what = what
