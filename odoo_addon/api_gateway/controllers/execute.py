from odoo.http import Controller, request, route

# The dispatcher registers the route type `gateway`, so it must be there before the routes are.
from ..executor import dispatcher  # noqa: F401
from ..executor.runner import run_reads, run_write


class ExecuteController(Controller):
    """The internal channel, see docs/architecture.md. Two paths, because Odoo chooses the cursor before it
    authenticates: only reads may go to a replica."""

    @route("/gateway/read", type="gateway", auth="gateway", methods=["POST"], readonly=True, save_session=False)
    def gateway_read(self):
        return run_reads(request)

    @route("/gateway/execute", type="gateway", auth="gateway", methods=["POST"], readonly=False, save_session=False)
    def gateway_execute(self):
        return run_write(request)
