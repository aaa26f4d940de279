"""Links that open a user's account. Odoo signs and mails them, and lets anyone who has one choose a new password."""

import re

from odoo.tools import verify_hash_signed

# The output format of `hash_sign`: version 1, a time, a signature, and the signed data.
TOKEN = re.compile(r"(?<![\w-])A[Q-f][\w-]{58,}(?![\w-])", re.ASCII)


def accounts_opened(env, text):
    """The contacts (as superuser) whose accounts can be opened with the links in the text."""
    ids = set()
    for token in set(TOKEN.findall(text)) if "token" in text else ():
        try:
            signed = verify_hash_signed(env(su=True), "signup", token)
        except (ValueError, OverflowError):
            continue  # an ordinary word of the same length
        if signed and signed[1]:  # without users, it invites a new person
            ids.add(signed[0])
    return env["res.partner"].sudo().browse(ids).exists()
