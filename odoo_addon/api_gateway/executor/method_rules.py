"""Rules for public methods of Odoo 19's modules that act as superuser, take values, or take a model's name.
`module_methods.py` applies them in addition to its checks of all arguments."""

from typing import NamedTuple

from .reach import READ, WRITE

NOBODY, SYSTEM, WIDE = "nobody", "system", "wide"


class Rule(NamedTuple):
    """`only`: who may call the method. NOBODY: no API caller; SYSTEM: a member of `base.group_system` with a credential
    that was not narrowed; WIDE: any user with such a credential. `values`: {an argument: the model whose values it
    contains, "" for the called model}. `keywords`: the model to whose fields the keyword arguments give values.
    `needs`: scopes in addition to the method's own. `subject`: the action needed on the model that the records are
    about. `domains`: as `values`, for domains; None for an argument that is not a domain, or that Odoo does not use in
    a search. `longest`: the maximum length of a string, in characters."""

    only: str | None = None
    values: dict = {}
    keywords: str | None = None
    needs: tuple = ()
    subject: str | None = None
    domains: dict = {}
    longest: dict = {}


SAFE = Rule()
LINK = Rule(WIDE)  # its result gives anyone access to a document
MESSAGE = Rule(keywords="mail.message")
LEAVES = Rule(domains={"domain": "resource.calendar.leaves"})
ENTRIES = Rule(needs=(("account.move.line", READ),))
EMAIL = Rule(values={"email_values": "mail.mail"})

RULES = {
    # Incoming mail. Odoo trusts it as if a mail server had delivered it, and creates and writes as superuser.
    ("mail.thread", "message_process"): Rule(SYSTEM),
    ("mail.thread", "message_route"): Rule(SYSTEM),
    ("mail.thread", "message_parse"): Rule(SYSTEM),
    ("mail.thread", "message_new"): Rule(values={"custom_values": ""}),
    ("mail.thread", "message_update"): Rule(values={"update_vals": ""}),
    ("mail.thread", "message_change_thread"): Rule(NOBODY),
    # Chatter: Odoo checks the rights on the record; the keywords become values of a message.
    ("mail.thread", "message_post"): MESSAGE,
    ("mail.thread", "message_notify"): MESSAGE,
    ("mail.thread", "message_post_with_source"): Rule(WIDE, keywords="mail.message"),
    ("mail.thread", "message_mail_with_source"): Rule(WIDE, keywords="mail.message"),
    ("mail.thread", "message_subscribe"): Rule(keywords="mail.message"),
    ("mail.thread", "message_unsubscribe"): SAFE,
    ("mail.thread", "message_get_followers"): SAFE,
    ("mail.thread", "notify_cancel_by_type"): SAFE,
    ("mail.thread", "rating_send_request"): Rule(NOBODY),
    ("mail.thread", "rating_apply"): SAFE,
    ("mail.activity.mixin", "activity_schedule"): Rule(keywords="mail.activity"),
    ("mail.activity.mixin", "activity_reschedule"): SAFE,
    ("mail.activity.mixin", "activity_feedback"): MESSAGE,
    ("mail.activity.mixin", "activity_unlink"): SAFE,
    ("mail.activity.mixin", "activity_search"): Rule(domains={"additional_domain": "mail.activity"}),
    ("mail.activity.mixin", "activity_send_mail"): SAFE,
    ("mail.activity", "action_feedback"): MESSAGE,
    ("mail.activity", "action_feedback_schedule_next"): MESSAGE,
    ("mail.activity", "action_notify"): SAFE,
    ("mail.activity", "get_activity_data"): SAFE,
    ("mail.activity.schedule", "action_schedule_activities"): SAFE,
    ("mail.activity.schedule", "action_schedule_plan"): SAFE,
    ("mail.activity.schedule", "get_model_options"): SAFE,
    ("mail.message", "mark_all_as_read"): Rule(domains={"domain": ""}),
    ("mail.message", "set_message_done"): SAFE,
    ("mail.message", "toggle_message_starred"): SAFE,
    ("mail.message", "unstar_all"): SAFE,
    ("mail.message", "portal_message_format"): LINK,
    ("mail.mail", "process_email_queue"): Rule(SYSTEM),
    ("mail.mail", "send_after_commit"): SAFE,
    ("mail.mail", "send"): SAFE,
    ("mail.scheduled.message", "post_message"): SAFE,
    ("mail.followers.edit", "edit_followers"): SAFE,
    ("mail.compose.message", "action_send_mail"): SAFE,
    ("mail.compose.message", "action_schedule_message"): SAFE,
    ("mail.compose.message", "create_mail_template"): Rule(needs=(("mail.template", WRITE),)),
    ("mail.template", "send_mail"): EMAIL,
    ("mail.template", "send_mail_batch"): EMAIL,
    ("mail.push.device", "register_devices"): SAFE,
    ("mail.push.device", "unregister_devices"): SAFE,
    ("fetchmail.server", "fetch_mail"): Rule(SYSTEM),
    ("publisher_warranty.contract", "update_notification"): Rule(SYSTEM),
    ("discuss.channel", "add_members"): MESSAGE,
    ("discuss.channel", "invite_by_email"): LINK,
    ("sms.composer", "action_send_sms"): SAFE,
    ("sms.sms", "send"): SAFE,
    ("rating.rating", "reset"): SAFE,
    # base, base_setup, base_import
    ("base_import.import", "execute_import"): Rule(subject=WRITE),
    ("base_import.import", "parse_preview"): Rule(subject=WRITE),
    ("base_import.import", "get_fields_tree"): SAFE,
    ("base.partner.merge.automatic.wizard", "action_merge"): Rule(WIDE),
    ("base.partner.merge.automatic.wizard", "action_start_automatic_process"): Rule(WIDE),
    ("base.partner.merge.automatic.wizard", "action_update_all_process"): Rule(WIDE),
    ("base.partner.merge.automatic.wizard", "parent_migration_process_cb"): Rule(WIDE),
    ("ir.attachment", "check"): SAFE,
    ("ir.attachment", "create_unique"): Rule(values={"values_list": ""}, needs=(("ir.attachment", WRITE),)),
    ("ir.attachment", "force_storage"): Rule(SYSTEM),
    ("ir.attachment", "generate_access_token"): Rule(needs=(("ir.attachment", WRITE),)),
    ("ir.attachment", "regenerate_assets_bundles"): Rule(SYSTEM),
    ("ir.attachment", "register_as_main_attachment"): Rule(subject=WRITE),
    ("ir.default", "set"): Rule(needs=(("ir.default", READ),)),
    ("ir.default", "discard_records"): Rule(NOBODY),
    ("ir.default", "discard_values"): Rule(SYSTEM),
    ("ir.filters", "create_filter"): Rule(values={"vals": ""}, needs=(("ir.filters", WRITE),)),
    ("ir.filters", "get_filters"): SAFE,
    ("ir.fields.converter", "db_id_for"): Rule(NOBODY),
    ("ir.fields.converter", "for_model"): Rule(NOBODY),
    ("ir.fields.converter", "to_field"): Rule(NOBODY),
    ("ir.model.data", "check_object_reference"): SAFE,
    ("ir.model.data", "toggle_noupdate"): Rule(SYSTEM),
    ("ir.actions.todo", "action_launch"): Rule(SYSTEM),
    ("ir.actions.report", "barcode"): Rule(longest={"value": 3_000}),  # about as much as a QR code can hold
    ("ir.actions.report", "get_valid_action_reports"): SAFE,
    ("ir.actions.report", "report_action"): SAFE,
    ("ir.ui.view", "render_public_asset"): SAFE,
    ("ir.ui.view", "save"): Rule(SYSTEM),
    ("ir.ui.view", "save_embedded_field"): Rule(NOBODY),
    ("ir.ui.view", "save_snippet"): Rule(SYSTEM),
    ("properties.base.definition", "get_properties_base_definition"): SAFE,
    ("res.config.settings", "set_values"): Rule(NOBODY),
    ("res.users", "web_create_users"): Rule(needs=(("res.users", WRITE),)),
    ("res.users", "action_archive"): SAFE,
    ("res.users", "action_get"): SAFE,
    ("res.users", "action_setup_outgoing_mail_server"): Rule(WIDE),
    ("res.users", "action_test_outgoing_mail_server"): Rule(WIDE),
    ("res.users", "action_totp_invite"): Rule(WIDE),
    ("res.users", "action_totp_disable"): Rule(NOBODY),
    ("res.users", "revoke_all_devices"): Rule(WIDE),
    ("res.users", "action_revoke_all_devices"): Rule(WIDE),
    ("res.users", "api_key_wizard"): Rule(NOBODY),
    ("res.users", "send_unregistered_user_reminder"): Rule(SYSTEM),
    ("res.users", "switch_tour_enabled"): SAFE,
    ("res.users.settings", "set_res_users_settings"): Rule(
        values={"new_settings": ""}, needs=(("res.users.settings", WRITE),)
    ),
    ("res.users.settings", "set_embedded_actions_setting"): SAFE,
    ("res.lang", "action_activate_langs"): Rule(WIDE),
    ("res.lang", "install_lang"): Rule(SYSTEM),
    ("spreadsheet.mixin", "get_display_names_for_spreadsheet"): SAFE,
    ("spreadsheet.dashboard.share", "action_get_share_url"): Rule(WIDE, values={"vals": ""}),
    ("ir.actions.actions", "get_bindings"): Rule(NOBODY),
    ("ir.model.access", "check"): SAFE,
    ("ir.model.access", "group_names_with_access"): SAFE,
    ("ir.model.fields", "get_field_help"): SAFE,
    ("ir.model.fields", "get_field_selection"): SAFE,
    ("ir.model.fields", "get_field_string"): SAFE,
    ("ir.ui.view", "default_view"): SAFE,
    ("ir.ui.view", "postprocess_and_fields"): Rule(NOBODY),
    ("mail.message.subtype", "default_subtypes"): SAFE,
    ("res.groups", "get_application_groups"): Rule(domains={"domain": ""}),
    ("res.partner", "enrich_by_domain"): Rule(domains={"domain": None}),
    ("res.users", "signup"): Rule(NOBODY),
    ("rating.mixin", "rating_get_grades"): Rule(domains={"domain": "rating.rating"}),
    ("rating.mixin", "rating_get_stats"): Rule(domains={"domain": "rating.rating"}),
    ("resource.calendar", "get_work_duration_data"): LEAVES,
    ("resource.calendar", "get_work_hours_count"): LEAVES,
    ("resource.calendar", "plan_days"): LEAVES,
    ("resource.calendar", "plan_hours"): LEAVES,
    ("resource.mixin", "list_leaves"): LEAVES,
    ("account.chart.template", "try_loading"): Rule(WIDE),
    # Methods whose results are computed from journal entries.
    ("account.account", "spreadsheet_fetch_balance_tag"): ENTRIES,
    ("account.account", "spreadsheet_fetch_debit_credit"): ENTRIES,
    ("account.account", "spreadsheet_fetch_partner_balance"): ENTRIES,
    ("account.account", "spreadsheet_fetch_residual_amount"): ENTRIES,
    ("project.project", "action_profitability_items"): Rule(domains={"domain": None}),
    ("project.project", "action_create_from_template"): Rule(values={"values": ""}),
    ("project.task", "action_create_from_template"): Rule(values={"values": ""}),
    ("project.task", "plan_task_in_calendar"): Rule(values={"vals": ""}),
    ("project.task", "stage_find"): Rule(domains={"domain": "project.task.type"}),
    # Methods that create users, share records with external people, or delete by a model's name.
    ("portal.wizard.user", "action_grant_access"): Rule(needs=(("res.users", WRITE),)),
    ("portal.wizard.user", "action_invite_again"): Rule(needs=(("res.users", WRITE),)),
    ("portal.wizard.user", "action_revoke_access"): Rule(needs=(("res.users", WRITE),)),
    ("portal.share", "action_send_mail"): SAFE,
    ("portal.mixin", "get_portal_url"): LINK,
    ("sale.order", "action_preview_sale_order"): LINK,
    ("account.move", "preview_invoice"): LINK,
    ("project.project", "action_customer_preview"): LINK,
    ("project.task", "action_project_sharing_open_subtasks"): LINK,
    ("purchase.order", "get_acknowledge_url"): LINK,
    ("purchase.order", "get_confirm_url"): LINK,
    ("purchase.order", "get_update_url"): LINK,
    ("privacy.lookup.wizard", "action_lookup"): Rule(SYSTEM),
    ("privacy.lookup.wizard", "action_open_lines"): Rule(SYSTEM),
    ("privacy.lookup.wizard.line", "action_archive_all"): Rule(SYSTEM),
    ("privacy.lookup.wizard.line", "action_unlink"): Rule(SYSTEM),
    ("privacy.lookup.wizard.line", "action_unlink_all"): Rule(SYSTEM),
    ("data_recycle.model", "action_recycle_records"): Rule(WIDE),
    ("data_recycle.record", "action_validate"): Rule(WIDE),
    ("utm.mixin", "find_or_create_record"): SAFE,
    ("link.tracker", "search_or_create"): Rule(values={"vals_list": ""}, needs=(("link.tracker", WRITE),)),
    ("link.tracker", "convert_links"): Rule(values={"vals": ""}, needs=(("link.tracker", WRITE),)),
    ("link.tracker", "get_url_from_code"): SAFE,
    ("base.automation", "action_manual_trigger"): Rule(SYSTEM),
    ("calendar.event", "action_open_calendar_event"): SAFE,
    ("calendar.event", "change_attendee_status"): SAFE,
    ("calendar.event", "get_default_duration"): SAFE,
    ("calendar.event", "get_display_time_tz"): SAFE,
    ("iap.account", "get"): Rule(SYSTEM),
    ("iap.account", "get_credits"): SAFE,
    ("snailmail.letter", "snailmail_print"): SAFE,
    ("snailmail.letter", "cancel"): SAFE,
    ("web_tour.tour", "consume"): SAFE,
    ("ir.http", "session_info"): SAFE,
    ("ir.http", "get_frontend_session_info"): SAFE,
    ("ir.ui.menu", "load_menus"): SAFE,
    ("ir.cron", "toggle"): Rule(NOBODY),
}


def rule_of(model, name):
    """The rule of the method, from the nearest model that has one."""
    for cls in type(model).mro():
        if rule := RULES.get((getattr(cls, "_name", None), name)):
            return rule
    return SAFE
