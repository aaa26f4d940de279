"""The common part of gateway keys and OAuth2 clients: user, restrictions, secret and expiry."""

import hashlib
from datetime import timedelta

from psycopg2 import Binary

from odoo import api, fields, models
from odoo.api import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from odoo.addons.base.models.res_users import check_identity

from ..tools.asker import askers, have_group, is_own, own_code
from ..tools.narrowing import check_ip_list, check_scopes
from ..tools.own_transaction import in_own_transaction
from ..tools.settings import setting

MANAGER = "api_gateway.group_manager"
SYSTEM = "base.group_system"
WARN_DAYS = (14, 3)


class GatewayCredential(models.AbstractModel):
    _name = "gateway.credential"
    _inherit = ["gateway.configuration", "mail.thread", "mail.activity.mixin"]
    _description = "API Credential"
    _order = "id desc"

    _kind = None  # 'gateway_key' or 'client', as in gateway.credential_secret
    # Only managers may write these fields: otherwise owners could lift their own limits.
    _managed_fields = frozenset({"user_id", "profile_id", "ip_list", "subject"})
    # Only this model's methods may write these fields, because a plain write could undo a revocation.
    _guarded_fields = frozenset({"revoked_at", "rotated_at", "warned_days", "wide_reminded_on"})

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(
        default=True, tracking=True, help="An archived credential is refused until it is unarchived."
    )
    user_id = fields.Many2one(
        "res.users",
        required=True,
        index=True,
        ondelete="cascade",
        tracking=True,
        default=lambda self: self.env.user,
        help="Every operation runs with the rights of this user.",
    )
    profile_id = fields.Many2one(
        "gateway.profile",
        "API Profile",
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
        groups=MANAGER,
        help="Empty: the user's profile, or the global limit.",
    )
    scopes = fields.Char(
        tracking=True,
        help="Separated by spaces: read, write, delete, call, or for one model or resource: res.partner:read, "
        "products_read. Empty: all.",
    )
    ip_list = fields.Text(
        "Allowed Addresses",
        tracking=True,
        help="One address or CIDR network per line, IPv4 or IPv6. Empty: any.",
    )
    subject = fields.Selection(
        [("user", "With its user"), ("key", "By itself")],
        "Limits Count",
        tracking=True,
        help="Empty: as in the profile.",
    )
    expires_at = fields.Datetime("Expires", tracking=True, copy=False, default=lambda self: self._default_expires_at())
    revoked_at = fields.Datetime("Revoked", readonly=True, copy=False, tracking=True)
    rotated_at = fields.Datetime("Rotated", readonly=True, copy=False, tracking=True)
    warned_days = fields.Integer(readonly=True, copy=False)
    wide_reminded_on = fields.Date(readonly=True, copy=False)
    state = fields.Selection(
        [
            ("new", "No Secret"),
            ("active", "Active"),
            ("expiring", "Expiring"),
            ("expired", "Expired"),
            ("archived", "Archived"),
            ("revoked", "Revoked"),
        ],
        "Status",
        compute="_compute_state",
    )
    grace_ends_at = fields.Datetime(
        "Old Secret Valid Until",
        compute="_compute_state",
        help="Until this time, both secrets of a rotated credential work.",
    )
    use_count = fields.Integer("Requests", compute="_compute_usage")
    last_used_at = fields.Datetime("Last Used", compute="_compute_usage", search="_search_last_used_at")
    last_address = fields.Char(compute="_compute_usage")

    def _default_expires_at(self):
        if have_group(self.env, SYSTEM):
            return False
        return fields.Datetime.now() + timedelta(days=self._longest_days())

    def _longest_days(self):
        """The longest lifetime of API keys for the current user's groups, in days, as for Odoo's own keys."""
        return max(self.env.user.all_group_ids.mapped("api_key_duration"), default=0) or 1

    @api.depends("active", "expires_at", "revoked_at", "rotated_at")
    def _compute_state(self):
        now = fields.Datetime.now()
        secrets = {}
        if self.ids:
            secrets = dict(
                self._query(
                    SQL(
                        "select credential_id, max(expires_at) from gateway.credential_secret"
                        " where kind = %s and credential_id in %s and (expires_at is null or expires_at > %s)"
                        " group by credential_id",
                        self._kind,
                        tuple(self.ids),
                        now,
                    )
                )
            )
        for record in self:
            record.grace_ends_at = secrets.get(record._origin.id)
            if record.revoked_at:
                record.state = "revoked"
            elif not record.active:
                record.state = "archived"
            elif record.expires_at and record.expires_at <= now:
                record.state = "expired"
            elif not record._has_secret(secrets):
                record.state = "new"
            elif record.expires_at and record.expires_at <= now + timedelta(days=WARN_DAYS[0]):
                record.state = "expiring"
            else:
                record.state = "active"

    def _has_secret(self, secrets):
        return self._origin.id in secrets

    def _compute_usage(self):
        usage = {}
        if self.ids:
            usage = {
                row[0]: row[1:]
                for row in self._query(
                    SQL(
                        "select credential_id, use_count, last_used_at, last_address from gateway.key_usage"
                        " where kind = %s and credential_id in %s",
                        self._kind,
                        tuple(self.ids),
                    )
                )
            }
        for record in self:
            record.use_count, record.last_used_at, record.last_address = usage.get(record._origin.id, (0, False, False))

    def _search_last_used_at(self, operator, value):
        if operator not in ("<", "<=", ">", ">=", "in", "not in"):
            return NotImplemented
        used = SQL("select credential_id from gateway.key_usage where kind = %s", self._kind)
        if operator in ("in", "not in"):
            if set(value) != {False}:
                return NotImplemented
            return [("id", "not in" if operator == "in" else "in", used)]
        return [("id", "in", SQL("%s and last_used_at %s %s", used, SQL(operator), value))]

    def _query(self, query):
        self.env.cr.execute(query)
        return self.env.cr.fetchall()

    @api.constrains("ip_list")
    def _check_ip_list(self):
        for record in self:
            check_ip_list(self.env, record.ip_list)

    @api.constrains("scopes")
    def _check_scopes(self):
        for record in self:
            check_scopes(self.env, record.scopes)

    @api.constrains("user_id")
    def _check_user(self):
        if SUPERUSER_ID in self.user_id.ids:
            raise ValidationError(self.env._("The superuser never calls through the gateway."))

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        # The fields are checked after creation, so that defaults from the context are checked as well.
        if askers(self.env):
            records._check_minter()
            if not have_group(self.env, MANAGER):
                records._check_unset(self._managed_fields - {"user_id"}, self.env._("a gateway manager"))
            records._check_unset(self._guarded_fields, self.env._("the gateway itself"))
        records._check_expiry()
        return records

    def write(self, vals):
        if vals.get("active") and any(record.revoked_at for record in self):
            raise UserError(self.env._("A revoked credential stays revoked. Create a new one."))
        if askers(self.env):
            if self._managed_fields & vals.keys() and not have_group(self.env, MANAGER):
                raise AccessError(self.env._("Only a gateway manager may set the profile, addresses, limits and user."))
            if self._guarded_fields & vals.keys():
                raise AccessError(self.env._("Only the gateway may write these fields."))
            if "user_id" in vals and self.filtered(lambda record: record.user_id.id != vals["user_id"]):
                self._check_minter()  # the user before
        result = super().write(vals)
        if "user_id" in vals:
            self._check_minter()  # the user now
        if "expires_at" in vals:
            self._check_expiry()
            super(GatewayCredential, self.sudo()).write({"warned_days": 0})
        return result

    def _check_expiry(self):
        for asker in askers(self.env):
            for record in self.sudo():
                asker["res.users.apikeys"]._check_expiration_date(record.expires_at)

    def _check_unset(self, names, who):
        for record in self.sudo():
            for name in names:
                if record[name]:
                    label = self._fields[name].get_description(self.env, ["string"])["string"]
                    raise AccessError(self.env._('"%(field)s" is set by %(who)s.', field=label, who=who))

    def _check_minter(self):
        """Raises AccessError unless the current user may get the secrets of these credentials. A secret lets its holder
        act as its user, so only an administrator may get the secret of another user's credential."""
        if have_group(self.env, SYSTEM):
            return
        if not is_own(self, "user_id"):
            raise AccessError(self.env._("Only an administrator may create credentials for another user."))
        if not have_group(self.env, "base.group_user"):
            raise AccessError(self.env._("Only internal users can create API credentials."))

    # ------------------------------------------------------------------ secrets

    def _new_secret(self):
        """A new random secret, in the form in which callers send it."""
        raise NotImplementedError

    def _set_secret(self, grace_hours=0):
        """Creates a new secret and returns it. It is not stored, so it can be shown only this once. Older secrets work
        for another `grace_hours`."""
        self.ensure_one()
        self.check_access("write")
        self._check_minter()
        if self.revoked_at:
            raise UserError(self.env._("A revoked credential stays revoked. Create a new one."))
        secret = self._new_secret()
        now = fields.Datetime.now()
        grace_end = now + timedelta(hours=grace_hours)
        digest = Binary(hashlib.sha256(secret.encode()).digest())
        self.env.cr.execute(
            SQL(
                """
                update gateway.credential_secret set expires_at = least(expires_at, %(end)s)
                where kind = %(kind)s and credential_id = %(id)s;
                insert into gateway.credential_secret (kind, credential_id, hash) values (%(kind)s, %(id)s, %(digest)s)
                """,
                end=grace_end,
                kind=self._kind,
                id=self.id,
                digest=digest,
            )
        )
        # The write also notifies the sidecars.
        with own_code():
            self.sudo().write({"rotated_at": now, **self._secret_values(secret)})
        self.invalidate_recordset(["state", "grace_ends_at"])
        return secret

    def _secret_values(self, _secret):
        return {}

    def _show_action(self, secret):
        """The action that shows the secret once. The secret is not stored."""
        return {
            "type": "ir.actions.act_window",
            "res_model": "gateway.secret.show",
            "name": self.env._("Save your key"),
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_secret": secret,
                "default_kind": self._kind,
                "default_name": self.name,
                "default_credential_id": self.id,
                "dialog_size": "large",
            },
        }

    @api.model
    @check_identity
    def action_create_with_secret(self, values):
        """Creates a credential and shows its secret.

        :param dict values: as for `create`
        :raises AccessError: for another user's credential, unless the caller is an administrator"""
        record = self.create(values)
        return record._show_action(record._set_secret())

    @check_identity
    def action_generate(self):
        """Gives a credential without a secret its first one."""
        if self.state != "new":
            raise UserError(self.env._("This credential already has a secret. Rotate it to get a new one."))
        return self._show_action(self._set_secret())

    @check_identity
    def action_rotate(self, grace_hours=None):
        """Creates a new secret with the same lifetime as the old one. The old one works for another `grace_hours` (by
        default the setting key.grace_hours; at most 720)."""
        self.ensure_one()
        if grace_hours is None:
            grace_hours = setting(self.env.cr, "key.grace_hours")
        if not 0 <= float(grace_hours) <= 720:
            raise UserError(self.env._("The grace period must be 0 to 720 hours."))
        secret = self._set_secret(float(grace_hours))
        if self.expires_at:
            self.expires_at = self._renewed_expiry()
        return self._show_action(secret)

    def _renewed_expiry(self):
        lifetime = self.expires_at - self.create_date
        if not have_group(self.env, SYSTEM):
            lifetime = min(lifetime, timedelta(days=self._longest_days()))
        return (
            max(self.expires_at, fields.Datetime.now()) if lifetime <= timedelta() else fields.Datetime.now() + lifetime
        )

    def action_revoke(self):
        """Revokes these credentials immediately and permanently, together with the tokens issued for them."""
        self.check_access("write")
        self.env.cr.execute(
            SQL(
                "delete from gateway.credential_secret where kind = %s and credential_id in %s",
                self._kind,
                tuple(self.ids) or (0,),
            )
        )
        with own_code():
            self.sudo().write({"revoked_at": fields.Datetime.now(), "active": False})
        return True

    def action_revoke_tokens(self):
        """Ends every token issued for these credentials at once, even if this transaction is rolled back. Callers may
        request new ones.
        """
        self.check_access("write")
        query = "select gateway.revoke_tokens(%s, %s::bigint[])"
        [(count,)] = in_own_transaction(self.env, query, (self._kind, self.ids))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "success", "message": self.env._("Revoked tokens: %s.", count)},
        }

    def action_explain_access(self):
        """Opens a manager's view of what the credential may do, and why."""
        self.ensure_one()
        return self.env["gateway.access.check"]._open(f"{self._kind}:{self.id}", self.name)

    def action_shrink(self):
        """Opens a comparison of the credential's scopes with those that it has used."""
        self.ensure_one()
        return self.env["gateway.shrink"]._open(self)

    # ------------------------------------------------------------------ crons

    @api.model
    def _warn_expiring(self):
        """Puts an activity on credentials 14 days and 3 days before they expire, for the user who has to renew them."""
        now = fields.Datetime.now()
        # The later warning is checked first, so a credential that expires very soon gets only that one.
        for days in sorted(WARN_DAYS):
            soon = self.search(
                [
                    ("revoked_at", "=", False),
                    ("expires_at", ">", now),
                    ("expires_at", "<=", now + timedelta(days=days)),
                    "|",
                    ("warned_days", "=", 0),
                    ("warned_days", ">", days),
                ]
            )
            for record in soon:
                record.activity_schedule(
                    "mail.mail_activity_data_warning",
                    date_deadline=record.expires_at.date(),
                    summary=self.env._(
                        '"%(name)s" expires on %(date)s', name=record.name, date=record.expires_at.date()
                    ),
                    note=self.env._("Rotate it and give the new secret to its callers before that day."),
                    user_id=record._expiry_recipient().id,
                )
                with own_code():
                    record.warned_days = days

    def _expiry_recipient(self):
        """The user who can renew the credential: its own user, or its creator."""
        return self.user_id if self.user_id.active else self.create_uid
