"""The context that a call runs in."""

import pytz

from .documents import check_document
from .errors import RefusalError
from .languages import chosen, only_reads, own_context, preferred
from .values import check_values

DEFAULT = "default_"
ACTIVE = ("active_id", "active_ids", "active_model")
MAX_DEPTH = 16
MAX_PARTS = 20_000
# Keys that callers must not set; those that begin with "_" belong to the ORM and are dropped, too. Keys that only
# change how Odoo displays, searches or notifies (active_test, mail_create_nosubscribe, tracking_disable …) are kept.
DROPPED = frozenset(
    [
        # Keys that change the user. Only the call itself may name its user.
        "su",
        "uid",
        # Keys for installing modules and loading their data, without checks and with ids of other modules.
        "chart_template_load",
        "foreign_record_to_create",
        "install_filename",
        "install_mode",
        "install_module",
        "install_xmlid",
        "module",
        "noupdate",
        # Keys for the ORM's caching and loading.
        "filter_function_reset_sudo",
        "import_cache",
        "import_flush",
        "parent_fields_hierarchy",
        "prefetch_fields",
        "prefetch_langs",
        # With these keys, Odoo's own code switches off checks, such as those on posted entries or approved leaves.
        "allocation_skip_state_check",
        "bypass_lock_check",
        "bypass_payment_method_ids_forbidden_change",
        "defer_account_code_checks",
        "do_not_check_quant",
        "dynamic_unlink",
        "force_deactivate",
        "force_delete",
        "hr_work_entry_no_check",
        "leave_fast_create",
        "leave_skip_date_check",
        "leave_skip_state_check",
        "skip_account_deprecation_check",
        "skip_account_move_synchronization",
        "skip_event_permission",
        "skip_readonly_check",
        "skip_res_field_check",
        # A key that adds empty groups to a chart, for every day or hour between any two years.
        "fill_temporal",
        # Keys for a mail's sender, the recipients that it leaves out, and the records that it is about.
        "composer_force_res_ids",
        "domain_notifications_email",
        "send_smtp_skip_to",
    ]
)


# Odoo's own switches that suppress notifications about a write.
QUIET = {
    "mail_activity_automation_skip": True,
    "mail_auto_subscribe_no_notify": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
    "mail_post_autofollow": False,
    "no_reset_password": True,
    "tracking_disable": True,
}


def call_context(env, call):
    """The context of a call: the language and the time zone that its caller chose, otherwise its user's. A bare call
    gets neither from its user, as in Odoo's own protocols. A browser's preferred languages apply only to reads."""
    given = dict(call["context"])
    is_bare = given.pop("bare", False)
    own = own_context(env) if call["uid"] and not is_bare else {}
    languages = given.pop("languages", None)
    if languages and "lang" not in given and only_reads(env, call["operations"]):
        own["lang"] = preferred(env, languages) or own.get("lang")
    is_quiet = given.pop("quiet", False)
    return {**own, **checked_context(env, given), **(QUIET if is_quiet else {})}


def method_context(reach, model, context, is_trial):
    """The keys that the caller of a method may set. Records to which they refer are checked like values.

    `default_<field>` is a value for new records of this model only (Base.default_get); `active_model` with `active_id`
    and `active_ids` is a link. `is_trial`: the method only reads. In a bare call, defaults for fields that this model
    does not have are left out, as in Odoo's own protocols."""
    checked = checked_context(model.env, context, reach.is_bare)
    defaults = {key: value for key, value in context.items() if key.startswith(DEFAULT)}
    if reach.is_bare:
        defaults = {key: value for key, value in defaults.items() if key.removeprefix(DEFAULT) in model._fields}
    if defaults:
        values = default_values(defaults)
        check_values(reach, model, [values], is_trial=is_trial)
        defaults = {DEFAULT + name: value for name, value in values.items()}
    active = {key: context[key] for key in ACTIVE if context.get(key)}
    if active:
        if "active_model" not in active:
            raise RefusalError("odoo.arguments", "The context has active ids but no active_model. Add it.")
        ids = [*_listed(active.get("active_ids")), *_listed(active.get("active_id"))]
        check_document(reach, model.env, active["active_model"], ids, "The context's active_ids")
    return {**checked, **defaults, **active}


def default_values(context):
    """The values that the `default_*` keys of a context would give to the fields."""
    return {key.removeprefix(DEFAULT): value for key, value in context.items() if key.startswith(DEFAULT)}


def checked_context(env, context, is_bare=False):
    """The keys that a caller may set and that refer to no record, checked for the user. In a bare call, an unknown time
    zone is ignored, as in Odoo's own protocols, and a wrong language is refused with Odoo's message."""
    if type(context) is not dict:
        raise RefusalError("odoo.arguments", "The context is not an object.", argument="context")
    _check_size(context)
    context = {key: value for key, value in context.items() if not _is_dropped(key)}
    for key in ("lang", "tz"):
        if key in context and not context[key]:
            del context[key]  # empty: the language of the request applies
    if "lang" in context:
        context["lang"] = (_odoos_choice if is_bare else chosen)(env, context["lang"])
    if (tz := context.get("tz")) and (type(tz) is not str or tz not in pytz.all_timezones_set):
        if not is_bare:
            raise RefusalError("odoo.arguments", f"There is no time zone {tz}.", argument="tz")
        del context["tz"]
    if "allowed_company_ids" in context:
        _check_companies(env, context)
    return context


def _odoos_choice(env, lang):
    try:
        return chosen(env, lang)
    except RefusalError:
        raise RefusalError("odoo.user", f"Invalid language code: {str(lang)[:80]}", argument="lang") from None


def _is_dropped(key):
    return key in DROPPED or key in ACTIVE or key.startswith((DEFAULT, "_"))


def _check_size(context):
    parts, level = 0, [context]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for part in level
            for inner in (part.values() if type(part) is dict else part)
            if type(inner) in (dict, list)
        ]
        parts += sum(map(len, level))
        if not level:
            break
    if level or parts + len(context) > MAX_PARTS:
        raise RefusalError(
            "odoo.arguments",
            f"The context has more than {MAX_PARTS} entries, or more than {MAX_DEPTH} levels.",
            argument="context",
        )


def _listed(value):
    return value if type(value) is list else [value] if value else []


def _check_companies(env, context):
    companies = context["allowed_company_ids"]
    if type(companies) is not list or not companies or not all(type(id_) is int for id_ in companies):
        raise RefusalError(
            "odoo.arguments", "'allowed_company_ids' is not a list of ids.", argument="allowed_company_ids"
        )
    # A request or a token may be restricted to some of the user's companies.
    own = env.context.get("allowed_company_ids")
    if own and not set(companies) <= set(own):
        raise RefusalError(
            "odoo.arguments",
            "'allowed_company_ids' names a company outside this request's companies.",
            argument="allowed_company_ids",
        )
    # Odoo checks the companies when they are first read, but not in superuser code. So they are read here, as the user.
    env(context={**env.context, **context}).companies  # noqa: B018
