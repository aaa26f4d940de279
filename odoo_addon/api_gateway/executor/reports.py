"""The documents that Odoo prints: quotations, invoices. A report is code that runs for the user and shows what its
author chose, so a narrowed credential needs the scopes to read the model and to call its methods."""

from odoo.tools.safe_eval import safe_eval, time

from .arguments import count, required
from .documents import readable_ids
from .errors import RefusalError
from .file_transfer import current_file
from .reach import CALL, READ
from .refusals import missing

TYPES = {"pdf": "qweb-pdf", "html": "qweb-html"}
MEDIA_TYPES = {"pdf": "application/pdf", "html": "text/html; charset=utf-8"}


def reports(env, reach, operation):
    """`[{name, label, formats}]` of the reports that the model has for the user."""
    model = reach.model(env, required(operation, "model"), READ)
    return [
        {"name": report.report_name, "label": report.name, "formats": _formats(report)}
        for report in _reports(env, model)
    ]


def report(env, reach, operation):
    """Prints a record; the document is sent after the JSON answer. Gives `{name, type}`.

    :raises RefusalError: `report.unavailable` if Odoo cannot make PDF"""
    model = reach.model(env, required(operation, "model"), READ)
    reach.require(model._name, CALL)
    id_, name, form = count(operation, "id", None, 1), required(operation, "report"), operation.get("format", "pdf")
    found = next((report for report in _reports(env, model) if report.report_name == name), None)
    if found is None or form not in _formats(found):
        raise RefusalError(
            "odoo.missing", f"{model._name} has no report {name} as {form} for your user.", model=model._name
        )
    if id_ not in readable_ids(model, [id_]):
        raise missing(model._name, [id_])
    reports_of_user = env["ir.actions.report"]
    if form == "pdf" and reports_of_user.get_wkhtmltopdf_state() not in ("ok", "workers", "upgrade"):
        raise RefusalError(
            "report.unavailable",
            "Odoo cannot make PDF here: wkhtmltopdf is not installed beside it, or is broken. Ask for format=html.",
        )
    render = reports_of_user._render_qweb_pdf if form == "pdf" else reports_of_user._render_qweb_html
    document, _ = render(name, [id_])
    current_file().sent = document if isinstance(document, bytes) else str(document).encode()
    return {"name": f"{_title(found, model.browse(id_))}.{form}", "type": MEDIA_TYPES[form]}


def _reports(env, model):
    """As superuser: users do not read ir.actions.report, but Odoo's menus show them those of their groups."""
    found = env["ir.actions.report"].sudo().search([("model", "=", model._name)], order="name, id")
    groups = env.user.all_group_ids
    return found.filtered(lambda report: not report.group_ids or report.group_ids & groups)


def _formats(report):
    return {"qweb-pdf": ["pdf", "html"], "qweb-html": ["html"]}.get(report.report_type, [])


def _title(report, record):
    """The name that Odoo's web client gives to the download."""
    expression = report.print_report_name
    return safe_eval(expression, {"object": record, "time": time}) if expression else report.name
