"""The documents that Odoo prints: quotations, invoices. A report is code that runs for the user and shows what its
author chose, so a narrowed credential needs the scopes to read the model and to call its methods."""

from odoo.tools.safe_eval import safe_eval, time

from ..tools.document_links import hidden
from .arguments import count, required
from .documents import readable_ids
from .errors import RefusalError
from .file_transfer import current_file
from .printing import require_pdf, require_wkhtmltopdf, take_place, within
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
    """Prints a record; the document is sent after the JSON answer. Returns `{name, type}`.

    `operation`: `model, id, report, format, places`; `places` is how many documents may be printed at once

    :raises RefusalError: `report.unavailable` if Odoo cannot make a PDF, `report.busy`"""
    file = current_file()
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
    take_place(env.cr, count(operation, "places", 1, 1))
    file.sent = _printed(env, reach, found.id, id_, form)
    return {"name": f"{_title(found, model.browse(id_))}.{form}", "type": MEDIA_TYPES[form]}


def _printed(env, reach, report, id_, form):
    """The bytes of a document. For a narrowed credential, it is printed without the links that open it to anyone. Such
    a document is not taken from an attachment, and not stored as one, because the customer's attachment needs the
    links."""
    reports = env["ir.actions.report"]
    if reach.is_narrowed:
        reports = reports.with_context(report_pdf_no_attachment=True)
    if form == "pdf":
        require_wkhtmltopdf(reports.get_wkhtmltopdf_state())
    # The report is passed by its id, because several reports may have the same name.
    render = reports._render_qweb_pdf if form == "pdf" else reports._render_qweb_html
    with hidden(reach.is_narrowed), within(reach.deadline):
        document, made = render(report, [id_])
    document = document if isinstance(document, bytes) else str(document).encode()
    if made == "pdf":
        require_pdf(document)
    return document


def _reports(env, model):
    """The reports of the model that the user's groups may print. They are read as superuser: users cannot read
    ir.actions.report, but Odoo's menus offer these reports."""
    found = env["ir.actions.report"].sudo().search([("model", "=", model._name)], order="name, id")
    groups = env.user.all_group_ids
    return found.filtered(lambda report: not report.group_ids or report.group_ids & groups)


def _formats(report):
    return {"qweb-pdf": ["pdf", "html"], "qweb-html": ["html"]}.get(report.report_type, [])


def _title(report, record):
    """The name that Odoo's web client gives to the download."""
    expression = report.print_report_name
    return safe_eval(expression, {"object": record, "time": time}) if expression else report.name
