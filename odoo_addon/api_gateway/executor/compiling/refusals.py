"""Why a read is not compiled."""


class NotCompilableError(Exception):
    """Raised when a read must go through Odoo. :param str why: the code under which the sidecar counts the read:
    `context`, `model`, `field`, `name`, `order`, `domain`, `clock`, `statements`, `values`, `constant`, `rights`,
    `budget`, `moving`, `error`
    :param str what: the model, field or method that is the cause"""

    def __init__(self, why, what=""):
        super().__init__(why, what)
        self.why = why
        self.what = what
