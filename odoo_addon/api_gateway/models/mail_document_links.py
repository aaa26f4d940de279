"""A link with a document's token gives anyone who has it access to that document. For a narrowed credential it is
mailed only to the document's own customer and to internal users, not to addresses of the credential's choice."""

import re

from odoo import api, models
from odoo.tools.mail import email_normalize_all

from ..tools.document_links import tokens
from ..tools.gate import ExposureError, gate

# Headers with which a caller sends a mail to others. Odoo's own header for replies (X-Msg-To-Add) is not among them.
REDIRECTING = re.compile(r"""['"](?:to|cc|bcc|x-forge-to)['"]""", re.IGNORECASE)


class DocumentLinkError(ExposureError):
    def __init__(self, record):
        super().__init__(
            "This text contains a link that opens a document to anyone who has it. A credential with scopes or models "
            f"can send it only to the customer of {record.model or 'a document'} {record.res_id or ''} and to internal "
            "users. Send it without the link, or leave the other recipients out.",
        )


def check_mail(mail):
    """Like `check_recipients`, for a mail (as superuser) that the call has created."""
    if _is_narrowed():
        text = f"{mail.body_html or ''} {mail.body or ''}"
        addresses = f"{mail.email_to or ''},{mail.email_cc or ''}"
        check_recipients(mail, text, mail.recipient_ids, addresses, bool(REDIRECTING.search(mail.headers or "")))


def _is_narrowed():
    call = gate.get()
    return call is not None and call.is_narrowed


def check_recipients(record, text, partners, addresses="", is_redirected=False):
    """Refuse text with a document link unless it is sent to this document's customer. :param record: the mail or
    message, as superuser; its `model` and `res_id` refer to the document :param partners: the contacts to whom it is
    sent :param addresses: other addresses to which it is sent, as in a mail's header :param is_redirected: whether
    headers send it to others"""
    found = tokens(text or "")
    if not found:
        return
    customers, own = _document(record)
    staff = partners.user_ids.filtered(lambda user: not user.share).partner_id
    known = customers.mapped("email") + staff.mapped("email")
    named = set(email_normalize_all(addresses or ""))
    named -= {address for email in known if email for address in email_normalize_all(email)}
    outside = partners - staff
    is_sent_out = bool(outside or email_normalize_all(addresses or ""))
    if is_redirected or named or outside - customers or (is_sent_out and found - {own}):
        raise DocumentLinkError(record)


def _document(record):
    """(customers, access token) of the document to which the mail or message belongs"""
    model = record.env.get(record.model)
    nobody = record.env["res.partner"]
    if model is None or model._abstract or not record.res_id or "access_token" not in model._fields:
        return nobody, None
    document = model.browse(record.res_id).exists()
    return (document._mail_get_partners()[document.id] if document else nobody), document.access_token


class MailMessage(models.Model):
    _inherit = "mail.message"

    @api.model_create_multi
    def create(self, vals_list):
        messages = super().create(vals_list)
        if _is_narrowed():
            for message in messages.sudo():  # the mail may be sent by a cron
                check_recipients(message, message.body, message.partner_ids)
        return messages


class MailScheduledMessage(models.Model):
    _inherit = "mail.scheduled.message"

    @api.model_create_multi
    def create(self, vals_list):
        scheduled = super().create(vals_list)
        scheduled._gateway_check_recipients()
        return scheduled

    def write(self, vals):
        result = super().write(vals)
        self._gateway_check_recipients()
        return result

    def _gateway_check_recipients(self):
        if _is_narrowed():
            for message in self.sudo():
                check_recipients(message, message.body, message.partner_ids)


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def _notify_get_action_link(self, link_type, **kwargs):
        # The customer's own link is signed for that customer. All other recipients have to log in.
        if _is_narrowed() and "pid" not in kwargs:
            kwargs.pop("access_token", None)
        return super()._notify_get_action_link(link_type, **kwargs)
