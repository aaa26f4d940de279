"""Errors as the contract defines them (docs/architecture.md)."""

import traceback

from psycopg2 import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError
from psycopg2.errors import (
    ProgramLimitExceeded,
    QueryCanceled,
    ReadOnlySqlTransaction,
    StatementTooComplex,
    TooManyArguments,
    TooManyColumns,
)
from psycopg2.pool import PoolError

from odoo.exceptions import (
    AccessDenied,
    AccessError,
    ConcurrencyError,
    LockError,
    MissingError,
    RedirectWarning,
    UserError,
    ValidationError,
)
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..tools.gate import ExposureError

CONFLICTS = (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError)

# The first matching class decides, so subclasses come before their parents.
REASONS = (
    ((AccessError, AccessDenied), "odoo.access"),
    (MissingError, "odoo.missing"),
    ((LockError, *CONFLICTS), "odoo.conflict"),
    ((ValidationError, IntegrityError, DataError, ProgramLimitExceeded), "odoo.validation"),
    ((StatementTooComplex, TooManyArguments, TooManyColumns), "request.too_complex"),
    ((UserError, RedirectWarning), "odoo.user"),
    (QueryCanceled, "odoo.timeout"),
    (ReadOnlySqlTransaction, "odoo.readonly"),
)

# Faults of the gateway or of Odoo: the traceback is logged, the caller sees no internals.
WITHOUT_DETAILS = {
    "odoo.error": "Odoo failed to execute the request.",
    "odoo.timeout": "Odoo did not finish in time.",
    "odoo.readonly": "This read would write to the database.",
    "database.unavailable": "Odoo cannot reach Postgres.",
    "request.too_complex": "The statement is too large for Postgres. Ask for less, or send several requests.",
    "odoo.conflict": "Someone else is changing the record. Try again.",
}


class RefusalError(Exception):
    """Raised when the executor itself refuses a request, with a reason from the contract."""

    def __init__(self, reason, message, **details):
        super().__init__(message)
        self.reason = reason
        self.details = details


class OutOfReachError(RefusalError):
    """Raised when the call may not reach something, even if Odoo's own rights would allow it. :param scope: a scope
    that would allow it; None: no credential may, or only one that was not narrowed"""

    def __init__(self, message, scope=None, **details):
        super().__init__(_reach_reason(scope), message, **details, **({"scope": scope} if scope else {}))


def _reach_reason(scope):
    return "scope.insufficient" if scope else "odoo.exposure"


def is_without_postgres(exc):
    """Whether Postgres has ended the connection or refuses connections, for example because it restarts."""
    if isinstance(exc, InterfaceError | PoolError):
        return True
    if isinstance(exc, OperationalError) and exc.pgcode:
        return exc.pgcode.startswith(("08", "57P")) or exc.pgcode == "53300"
    # Errors of the client library itself have neither a code nor a special class.
    return type(exc) in (OperationalError, DatabaseError)


def describe_error(exc, env):
    """The `error` object of an answer. The cursor must have been rolled back, because Odoo looks up constraints with
    it."""
    if isinstance(exc, RefusalError):
        reason, message, details = exc.reason, str(exc), exc.details
    elif isinstance(exc, ExposureError):
        reason, message = _reach_reason(exc.scope), str(exc.args[0])
        details = {"model": exc.model_name, **({"scope": exc.scope} if exc.scope else {})} if exc.model_name else {}
    else:
        reason = next((reason for classes, reason in REASONS if isinstance(exc, classes)), "odoo.error")
        if is_without_postgres(exc):
            reason = "database.unavailable"
        message, details = WITHOUT_DETAILS.get(reason) or _text(exc, env), _constraint(exc, env)
    error = {
        "reason": reason,
        "message": message,
        "exception": f"{type(exc).__module__}.{type(exc).__qualname__}",
    }
    if details:
        error["details"] = details
    if reason in ("odoo.error", "odoo.timeout") and not isinstance(exc, RefusalError):
        error["traceback"] = "".join(traceback.format_exception(exc))
    return error


def _text(exc, env):
    if isinstance(exc, IntegrityError):
        return env._("The operation cannot be completed: %s", _model_of(exc, env)._sql_error_to_message(exc))
    if isinstance(exc, ProgramLimitExceeded):
        return "A value is too long for the database."
    if isinstance(exc, DataError):
        return exc.diag.message_primary or "The database does not accept one of the values."
    return str(exc.args[0]) if exc.args else str(exc)


def _constraint(exc, env):
    """The table's constraint and its fields, even if Odoo has already turned the violation into its own error."""
    violation = exc if isinstance(exc, IntegrityError) else exc.__cause__
    if not isinstance(violation, IntegrityError):
        return {}
    model = _model_of(violation, env)
    details = {"constraint": violation.diag.constraint_name} if violation.diag.constraint_name else {}
    columns = _columns(violation, env)
    if fields := [name for name in columns if name in model._fields]:
        details["field"] = fields[0]
        details["fields"] = fields
    return details


def _model_of(violation, env):
    table = violation.diag.table_name
    name = next((name for name, model in env.registry.items() if table and model._table == table), "base")
    return env[name]


def _columns(violation, env):
    if violation.diag.column_name:
        return [violation.diag.column_name]
    env.cr.execute(
        """
        select a.attname
        from pg_constraint c
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey)
        where c.conname = %s and c.conrelid = to_regclass(%s)
        """,
        (violation.diag.constraint_name, violation.diag.table_name),
    )
    return [name for (name,) in env.cr.fetchall()]
