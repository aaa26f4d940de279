from odoo.http import Controller, request, route

# The dispatcher registers the route type `gateway`, so it must be imported before the routes.
from ..executor import dispatcher  # noqa: F401
from ..executor.runner import run_content, run_file, run_reads, run_write


class ExecuteController(Controller):
    """The internal channel, see docs/architecture.md. Reads and writes have separate paths because Odoo opens a cursor,
    possibly on a replica, before it reads the body: only reads may use a replica."""

    @route("/gateway/read", type="gateway", auth="gateway", methods=["POST"], readonly=True, save_session=False)
    def gateway_read(self):
        return run_reads(request)

    @route("/gateway/execute", type="gateway", auth="gateway", methods=["POST"], readonly=False, save_session=False)
    def gateway_execute(self):
        return run_write(request)

    @route("/gateway/content", type="gateway", auth="gateway", methods=["POST"], readonly=True, save_session=False)
    def gateway_content(self):
        return run_content(request)

    @route("/gateway/file", type="gateway", auth="gateway", methods=["POST"], readonly=False, save_session=False)
    def gateway_file(self):
        return run_file(request)
