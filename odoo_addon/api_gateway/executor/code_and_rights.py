"""Models whose records contain code that Odoo runs, or grant rights. A narrowed credential that could write them could
give itself more rights. A credential that was not narrowed may do everything that Odoo lets its user do."""

import re

from .state import Patterns

# These models are closed even to superuser code while a narrowed credential's call runs: none of Odoo's own processes
# writes them.
GUARDED = Patterns(
    [
        "accounting.assert.test",
        "auth.oauth.provider",
        "auth.passkey.*",
        "auth_totp.*",
        "base.automation*",
        "base.import.module",
        "base.language.*",
        "base.module.*",
        "card.template",
        "fetchmail.server",
        "gamification.goal.definition",
        "ir.actions.*",
        "ir.asset",
        "ir.mail_server",
        "ir.model",
        "ir.model.*",
        "ir.module.*",
        "ir.profile",
        "ir.rule",
        "ir.ui.menu",
        "ir.ui.view",
        "ir.ui.view.custom",
        "mail.template",
        "mail.template.reset",
        "res.groups",
        "res.groups.privilege",
        "reset.view.arch.wizard",
        "server.action.history.wizard",
        "sms.template",
        "sms.template.reset",
        "wizard.ir.model.menu.create",
    ]
)
# A narrowed credential cannot write these models. Those that are not in GUARDED are open to superuser code, because
# Odoo's own processes write them for the user.
CODE = Patterns(
    [
        *GUARDED.names,
        *(f"{prefix}*" for prefix in GUARDED.prefixes),
        "digest.tip",
        "ir.default",
        "ir.embedded.actions",
        "mail.mail",
        "mail.push.device",
        "res.users.deletion",
    ]
)
# A narrowed credential cannot read these either: queued mail contains links that open accounts and documents.
UNREAD = frozenset(["mail.mail"])
# Methods of these models that a narrowed credential may call, because they change no records of these models.
CALLABLE = {
    "ir.actions.report": {
        "barcode",
        "get_available_barcode_masks",
        "get_paperformat",
        "get_valid_action_reports",
        "get_wkhtmltopdf_state",
        "report_action",
    },
    "ir.default": {"set"},
    "ir.model": {"display_name_for", "get_available_models"},
    "ir.model.data": {"check_object_reference"},
    "ir.model.fields": {"get_field_help", "get_field_selection", "get_field_string"},
    "ir.ui.menu": {"get_user_roots", "load_menus", "load_menus_root", "load_web_menus"},
    "mail.mail": {"action_retry", "cancel", "mark_outgoing", "send", "send_after_commit"},
    "mail.template": {"action_open_mail_preview", "send_mail", "send_mail_batch"},
}
# Fields that grant rights, by model, with the model that a narrowed credential must name to write them; None: it may
# never write them.
RIGHTS = {
    "res.users": {
        "group_ids": "res.groups",
        "role": "res.groups",
        "company_ids": "res.company",
        "password": None,
        "new_password": None,
        "totp_secret": None,
        "oauth_uid": None,
        "oauth_provider_id": None,
        "oauth_access_token": None,
        "gateway_profile_id": None,
    },
    "res.company": {"user_ids": "res.users"},
    # Stored arguments of methods that a cron will call. A cron runs without a credential.
    "mail.message.schedule": {"notification_parameters": None},
    "mail.scheduled.message": {"notification_parameters": None, "send_context": None},
}
# Instructions for crons, which execute them as superuser and could, for example, attach any file. No caller may write
# them.
NOTES = frozenset([("account.move", "sending_data")])
# Fields with these names, on any model: Odoo later uses their content as values or code, or their content (a token)
# opens a document.
RIGHTS_ANYWHERE = {"access_token": None, "alias_defaults": None}
# Fields whose name shows that they contain code: Python that Odoo evaluates, scripts of its pages.
CODE_NAME = re.compile("python|custom_code")
TEXTS = ("char", "html", "text")


def governor(model, name):
    """A tuple: whether the field grants rights, and the model that a credential must name to write the field."""
    own = RIGHTS.get(model._name, RIGHTS_ANYWHERE)
    if name in own:
        return True, own[name]
    field = model._fields[name]
    if field.type == "html" and not field.sanitize:  # scripts run for every reader
        return True, model._name
    return name in RIGHTS_ANYWHERE or (field.type in TEXTS and bool(CODE_NAME.search(name))), None
