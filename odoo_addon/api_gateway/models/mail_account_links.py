"""A link that opens a user's account goes only to that user, by mail. No API call can read it in a preview, post it, or
have it sent to another address."""

import re
from contextvars import ContextVar

from odoo import api, models
from odoo.tools.mail import email_normalize_all

from ..tools.account_links import accounts_opened
from ..tools.gate import ExposureError, gate
from .mail_document_links import check_mail

# Whether the rendered text immediately becomes mail, whose recipients are checked.
_is_mailed = ContextVar("api_gateway_is_mailed", default=False)
# Headers that send a mail to recipients other than those in its fields.
REDIRECTING = re.compile(r"(?:to|cc|bcc|x-msg-to-add|x-forge-to)['\"]", re.IGNORECASE)


class AccountLinkError(ExposureError):
    def __init__(self):
        super().__init__(
            "This text contains a link that opens a user's account. The gateway sends such text only to that user.",
        )


def check_rendered(env, rendered):
    """Refuse text with account links that a call has rendered from a template, `{id: text}`, unless they are mailed
    immediately."""
    if gate.get() and not _is_mailed.get() and any(accounts_opened(env, str(text)) for text in rendered.values()):
        raise AccountLinkError


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def send_mail_batch(self, *args, **kwargs):
        token = _is_mailed.set(True)
        try:
            return super().send_mail_batch(*args, **kwargs)
        finally:
            _is_mailed.reset(token)


class MailMail(models.Model):
    _inherit = "mail.mail"

    @api.model_create_multi
    def create(self, vals_list):
        mails = super().create(vals_list)
        if gate.get():
            for mail in mails.sudo():
                mail._gateway_check_recipients()
                check_mail(mail)
        return mails

    def _gateway_check_recipients(self):
        opened = accounts_opened(self.env, f"{self.body_html or ''} {self.body or ''}")
        if not opened:
            return
        owner = opened[:1]
        own = owner.mapped("email") + owner.with_context(active_test=False).user_ids.mapped("login")
        own = {address for text in own if text for address in email_normalize_all(text)}
        named = set(email_normalize_all(f"{self.email_to or ''},{self.email_cc or ''}"))
        if len(opened) > 1 or named - own or self.recipient_ids - owner or REDIRECTING.search(self.headers or ""):
            raise AccountLinkError
