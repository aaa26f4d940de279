"""The effect of each public method that every model has or inherits from a mixin. Odoo's own decorator
`@api.readonly` is not enough: methods without it may still only read. When an upgrade of Odoo adds a method,
`tests/test_effects.py` fails until the method is listed here."""

from .reach import CALL, DELETE, READ, WRITE

_READING = """
check_access_rights check_access_rule check_field_access_rights copy_data default_get export_data fields_get
formatted_read_group formatted_read_grouping_sets get_base_url get_empty_list_help get_external_id
get_field_translations get_formview_action get_formview_id get_import_templates get_metadata get_property_definition
get_view get_views get_website_meta has_access hierarchy_read is_transient mail_allowed_qweb_expressions
mail_get_partner_fields name_search onchange read read_group read_progress_bar search search_count
search_panel_select_multi_range search_panel_select_range search_read view_header_get web_name_search web_read
web_read_group web_search_read
action_add_from_catalog get_display_names_for_spreadsheet html_field_history_get_comparison_at_revision
html_field_history_get_content_at_revision html_field_history_get_unified_diff_at_revision list_leaves
message_get_followers rating_get_grades rating_get_stats
"""
_WRITING = """
action_archive action_unarchive copy copy_translations create load name_create toggle_active
update_field_translations web_override_translations web_resequence web_save web_save_multi write
find_or_create_record message_new message_process message_route message_update
"""
_DELETING = """
unlink
"""
# These methods also do other things than write the record, so the right to write the model is not enough.
_CALLED = """
action_reschedule_my_next_nextweek action_reschedule_my_next_today action_reschedule_my_next_tomorrow action_share
activity_feedback activity_reschedule activity_schedule activity_search activity_send_mail activity_unlink
get_portal_url mail_action_blacklist_remove message_change_thread message_mail_with_source message_notify message_parse
message_post message_post_with_source message_subscribe message_unsubscribe notify_cancel_by_type
open_google_gmail_uri open_microsoft_outlook_uri phone_action_blacklist_remove rating_apply rating_send_request
reset_template tracking_fields
"""
EFFECTS = {
    **dict.fromkeys(_READING.split(), READ),
    **dict.fromkeys(_WRITING.split(), WRITE),
    **dict.fromkeys(_DELETING.split(), DELETE),
    **dict.fromkeys(_CALLED.split(), CALL),
}


def effect_of(model, name):
    """The action that a credential needs to call the method."""
    return EFFECTS.get(name) or (READ if is_readonly(model, name) else CALL)


def is_readonly(model, name):
    """Whether Odoo regards the method as read-only: as in Odoo, the nearest class with the decorator decides."""
    for cls in type(model).mro():
        method = cls.__dict__.get(name)
        if method is not None and hasattr(method, "_readonly"):
            return method._readonly
    return False
