"""Limits printing. A report takes a worker for seconds, and `wkhtmltopdf` asks other workers for style sheets and
images meanwhile. If all workers printed, they would wait for each other, and users would wait for them."""

import logging
import os
import signal
import subprocess
import time
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps

from odoo.addons.base.models import ir_actions_report

from .errors import RefusalError

_logger = logging.getLogger(__name__)

# The time when the report must be ready, on the clock of `time.monotonic()`. None if Odoo itself prints.
_deadline = ContextVar("api_gateway_print_deadline", default=None)


def take_place(cr, places):
    """Take one of the places for printing, which all sidecars share, until the transaction ends.

    :raises RefusalError: `report.busy`"""
    cr.execute(
        """
        select from generate_series(1, %s) place
        where pg_try_advisory_xact_lock(hashtext('gateway.report'), place) limit 1
        """,
        (places,),
    )
    if not cr.rowcount:
        raise RefusalError("report.busy", "Others are printing. Try again in a few seconds.")


def require_wkhtmltopdf(state):
    """:param state: as `ir.actions.report.get_wkhtmltopdf_state` returns it
    :raises RefusalError: `report.unavailable`"""
    if state == "workers":
        raise _unavailable("Odoo has one worker, and printing needs two")
    if state not in ("ok", "upgrade"):
        raise _unavailable("wkhtmltopdf is not installed, or is broken")


def require_pdf(document):
    """:raises RefusalError: `report.unavailable` if `wkhtmltopdf` has written something else, or nothing"""
    if not document.startswith(b"%PDF"):
        raise _unavailable("wkhtmltopdf has written no document")


@contextmanager
def within(deadline):
    """Ends `wkhtmltopdf` at the deadline, with `odoo.timeout`. If `wkhtmltopdf` itself fails, raises
    `report.unavailable`."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def _unavailable(why):
    return RefusalError("report.unavailable", f"Odoo cannot make a PDF here: {why}. Ask for format=html.")


def _bounded(original):
    @wraps(original)
    def run(args):
        deadline = _deadline.get()
        return original(args) if deadline is None else _run(args, deadline - time.monotonic())

    return run


def _run(args, limit_s):
    program = ir_actions_report._wkhtml().bin
    # The program runs in a separate session: if wkhtmltopdf is a script, the processes that it starts must end, too.
    with subprocess.Popen(  # noqa: S603
        [program, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=max(0, limit_s))
        except subprocess.TimeoutExpired as exc:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise RefusalError("odoo.timeout", "The report was not printed in time.") from exc
    if process.returncode not in (0, 1):  # Odoo takes 1 for a page with a broken link
        _logger.warning("wkhtmltopdf ended with %s: %s", process.returncode, err[-1000:])
        raise _unavailable("wkhtmltopdf fails; Odoo's log has its message")
    return subprocess.CompletedProcess(args, process.returncode, out, err)


ir_actions_report._run_wkhtmltopdf = _bounded(ir_actions_report._run_wkhtmltopdf)
