"""Fields that give a caller who may write them access to a user's account: Odoo sends the link for a new password to
the address of the user's contact, and identifies the user by the login."""

import re

from .errors import OutOfReachError

DOORS = {"res.partner": frozenset(["email"]), "res.users": frozenset(["email", "login", "partner_id"])}
# Fields that let a user log in, or grant rights.
ACCOUNTS = frozenset(["active", "group_ids", "new_password", "password", "role"])
# Templates call methods with this word in their name to create the link that opens an account
# (`res.partner._get_signup_url`).
OPENING = re.compile("signup")


def check_template_links(reach, env, targets):
    """Refuse links to a template that creates account links, unless the caller may set passwords anyway: one
    of Odoo's crons would render it later, as superuser, on any record.

    :param targets: {id of a template: the field that links to it}
    :raises OutOfReachError:"""
    if not reach.is_narrowed and env.user.has_group("base.group_erp_manager"):
        return
    for template in env["mail.template"].sudo().browse(targets):
        if OPENING.search(f"{template.subject} {template.body_html}"):
            field = targets[template.id]
            raise OutOfReachError(
                f"The template {template.id} makes links that open users' accounts. Only an administrator's credential "
                f"without scopes or models may set {field.name} of {field.model_name} to it.",
                model=field.model_name,
                field=field.name,
            )


def check_doors(reach, records, values):
    """Refuse changes of these fields of existing users, including archived ones, by a narrowed credential. A narrowed
    credential that names `res.users` may change these fields of portal users. Writing the same value again is not a
    change.

    :param records: the records that the values are written to; empty for new ones
    :raises OutOfReachError: with the missing scope if all are portal users"""
    if not reach.is_narrowed or not records:
        return
    moved = DOORS.get(records._name, frozenset()).intersection(values)
    if not moved:
        return
    key = "id" if records._name == "res.users" else "partner_id"
    # Users are searched as superuser: they matter even if the caller may not see them.
    users = records.env["res.users"].sudo().with_context(active_test=False).search([(key, "in", records.ids)])
    changed = users.filtered(lambda user: any(_value(user, name) != (values[name] or False) for name in moved))
    are_portal = all(changed.mapped("share"))
    if not changed or (are_portal and reach.names("res.users")):
        return
    name = min(moved)
    raise OutOfReachError(
        f"The field {name} of {records._name} gives access to a user's account. Only a credential without scopes or "
        "models may change it. For portal users, a credential that names res.users may change it, too.",
        "res.users:write" if are_portal else None,
        model=records._name,
        field=name,
    )


def check_accounts(reach, users, values=None):
    """Refuse internal users that a narrowed credential has created, unarchived, or given groups or a password, through
    any flow of Odoo. Only a credential that names `res.users` may do that.

    :param users: the users as they are now
    :param values: the values written to them; None: they are new
    :raises OutOfReachError:"""
    if not reach.is_narrowed or reach.names("res.users"):
        return
    opened = ACCOUNTS if values is None else {name for name in ACCOUNTS.intersection(values) if values[name]}
    if opened and not all(users.sudo().mapped("share")):
        raise OutOfReachError(
            "Only a credential without scopes or models, or one that names res.users, may make internal users, bring "
            "archived ones back, or give them groups or passwords.",
            "res.users:write",
            model="res.users",
        )


def _value(user, name):
    return user[name].id if name == "partner_id" else user[name]
