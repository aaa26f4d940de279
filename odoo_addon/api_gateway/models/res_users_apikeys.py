"""Odoo's own API keys work at the gateway, too, so their users are reminded like those of gateway keys."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .gateway_credential import WARN_DAYS


class ResUsersApikeys(models.Model):
    _inherit = "res.users.apikeys"

    def unlink(self):
        ids = self.ids
        result = super().unlink()
        self.env["gateway.client"]._revoke_made_by("odoo_key", ids)
        return result

    @api.model
    def _warn_expiring(self):
        """Puts an activity on the user's contact 14 days and 3 days before a key expires."""
        now = fields.Datetime.now()
        for days in sorted(WARN_DAYS):
            self.env.cr.execute(
                SQL(
                    """
                    insert into gateway.odoo_key_reminder as reminded (key_id, days)
                    select k.id, %(days)s
                    from res_users_apikeys k
                    join res_users u on u.id = k.user_id
                    where u.active and (k.scope is null or k.scope = 'rpc')
                      and k.expiration_date > %(now)s and k.expiration_date <= %(soon)s
                    on conflict (key_id) do update set days = excluded.days where reminded.days > excluded.days
                    returning key_id
                    """,
                    days=days,
                    now=now,
                    soon=now + timedelta(days=days),
                )
            )
            for key in self.browse(row[0] for row in self.env.cr.fetchall()).sudo():
                key.user_id.partner_id.activity_schedule(
                    "mail.mail_activity_data_warning",
                    date_deadline=key.expiration_date.date(),
                    summary=self.env._(
                        'The API key "%(name)s" expires on %(date)s', name=key.name, date=key.expiration_date.date()
                    ),
                    note=self.env._(
                        "Make a new one under Preferences, Security, and give it to its callers before that day."
                    ),
                    user_id=key.user_id.id,
                )
        self.env.cr.execute(
            """
            delete from gateway.odoo_key_reminder r
            where not exists (select from res_users_apikeys k where k.id = r.key_id)
            """
        )
