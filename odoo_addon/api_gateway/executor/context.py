"""The context that a call runs in."""

import pytz

from .errors import RefusalError

# Switches of the ORM and of installations that a caller has no business with.
DROPPED = frozenset(
    [
        "force_delete",
        "install_filename",
        "install_mode",
        "install_module",
        "install_xmlid",
        "module",
        "noupdate",
        "prefetch_fields",
        "prefetch_langs",
        "su",
        "uid",
    ]
)


def checked_context(env, context):
    """The keys that a caller may set, valid for the user."""
    if type(context) is not dict:
        raise RefusalError("odoo.arguments", "The context is not an object.", argument="context")
    context = {key: value for key, value in context.items() if key not in DROPPED and not key.startswith("_")}
    if "languages" in context:
        context = {**_spoken(env, context.pop("languages")), **context}
    if (lang := context.get("lang")) and (type(lang) is not str or not env["res.lang"]._get_data(code=lang)):
        raise RefusalError("odoo.arguments", f"The language {lang} is not installed.", argument="lang")
    if (tz := context.get("tz")) and (type(tz) is not str or tz not in pytz.all_timezones_set):
        raise RefusalError("odoo.arguments", f"There is no time zone {tz}.", argument="tz")
    if "allowed_company_ids" in context:
        _check_companies(env, context)
    return context


def _spoken(env, wanted):
    """The first of the languages that is installed, also in another country's form: none is no mistake."""
    installed = [code for code, _name in env["res.lang"].get_installed()]
    for code in wanted if type(wanted) is list else ():
        for candidate in installed:
            if candidate == code or candidate.partition("_")[0] == code.partition("_")[0]:
                return {"lang": code if code in installed else candidate}
    return {}


def _check_companies(env, context):
    companies = context["allowed_company_ids"]
    if type(companies) is not list or not companies or not all(type(id_) is int for id_ in companies):
        raise RefusalError(
            "odoo.arguments", "'allowed_company_ids' is not a list of ids.", argument="allowed_company_ids"
        )
    # Odoo checks this when it asks for the companies, but not as superuser: too late for a user's call.
    env(context={**env.context, **context}).companies  # noqa: B018
