from odoo.http import Controller, request, route

# The dispatcher registers the route type `gateway`, so it must be imported before the routes.
from ..executor import dispatcher  # noqa: F401
from ..executor.runner import run_reads, run_write


class ExecuteController(Controller):
    """The internal channel, see docs/architecture.md. It has two paths because Odoo opens a cursor, possibly on a
    replica, before it reads the body: only reads may use a replica."""

    @route("/gateway/read", type="gateway", auth="gateway", methods=["POST"], readonly=True, save_session=False)
    def gateway_read(self):
        return run_reads(request)

    @route("/gateway/execute", type="gateway", auth="gateway", methods=["POST"], readonly=False, save_session=False)
    def gateway_execute(self):
        return run_write(request)
