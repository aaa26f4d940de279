from odoo import api, fields, models

from ..tools.asker import check_group
from ..tools.own_transaction import in_own_transaction
from .gateway_credential import MANAGER

# The number of subjects that one clean-up statement deletes. Requests of these subjects wait until the statement has
# ended.
CLEAN_BATCH = 20_000


class GatewayThrottle(models.Model):
    """The windows that are running now, one row for each limit of each subject, as the sidecars count them."""

    _name = "gateway.throttle"
    _inherit = ["gateway.configuration"]
    _description = "Active Throttle"
    _auto = False
    _log_access = False
    _order = "share desc, resets_at, id"
    _rec_name = "who"
    # The windows have no stored id. `id` is a hash of subject and period, below 2^53 so that JavaScript can represent
    # it exactly.
    _table_query = """
        select
          hashtextextended(t.subject || w.period, 0) & 9007199254740991 as id,
          t.subject,
          split_part(t.subject, ':', 1) as kind,
          coalesce(p.name, gk.name, ok.name, c.name, ca.name, substr(t.subject, strpos(t.subject, ':') + 1)) as who,
          coalesce(u.id, gk.user_id, ok.user_id, c.user_id, ca.user_id) as user_id,
          w.period,
          w.used,
          w.most,
          w.used::float8 / w.most as share,
          w.resets_at
        from gateway.throttle t
        cross join lateral (
          values
            ('minute', t.minute_hits + t.granted, t.minute_limit, t.minute_start + interval '1 minute'),
            ('hour', t.hour_hits + t.granted, t.hour_limit, t.hour_start + interval '1 hour'),
            ('day', t.day_hits + t.granted, t.day_limit, t.day_start + interval '1 day')
        ) as w (period, used, most, resets_at)
        left join public.res_users u on t.subject = 'user:' || u.id
        left join public.res_partner p on p.id = u.partner_id
        left join public.gateway_key gk on t.subject = 'gateway_key:' || gk.id
        left join public.res_users_apikeys ok on t.subject = 'odoo_key:' || ok.id
        left join public.gateway_client c on t.subject = 'client:' || c.id
        left join public.gateway_connected_app ca on t.subject = 'app:' || ca.id
        where w.most > 0 and w.used > 0 and w.resets_at > gateway.utc_now()
    """

    subject = fields.Char(readonly=True, help="Requests by these callers are counted together.")
    kind = fields.Selection(
        [
            ("user", "User"),
            ("gateway_key", "Gateway Key"),
            ("odoo_key", "Odoo API Key"),
            ("app", "Connected App"),
            ("client", "OAuth2 Client"),
            ("anonymous", "Anonymous Requests"),
            ("login", "Logins"),
            ("token", "Token Requests"),
            ("failed", "Failed Authentication"),
        ],
        "What Counts",
        readonly=True,
    )
    who = fields.Char(readonly=True)
    user_id = fields.Many2one("res.users", readonly=True)
    period = fields.Selection([("minute", "Minute"), ("hour", "Hour"), ("day", "Day")], "Window", readonly=True)
    used = fields.Integer(readonly=True, aggregator="max")
    most = fields.Integer("Limit", readonly=True, aggregator=None)
    share = fields.Float(readonly=True, aggregator="max", help="The used share of the limit.")
    resets_at = fields.Datetime("Starts Again", readonly=True)

    def action_reset(self):
        """Resets the windows: the next request starts new ones. Sidecars notice within a second."""
        self.check_access("read")
        check_group(self.env, MANAGER, self.env._("Only a gateway manager may do this."))
        for window, throttles in self.grouped("period").items():
            in_own_transaction(self.env, "select gateway.reset_throttle(%s, %s)", (throttles.mapped("subject"), window))
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    @api.model
    def _cron_clean(self):
        """Called by a cron: deletes subjects whose windows have ended, and violations that led to no block."""
        in_own_transaction(self.env, "select gateway.clean_ip_blocks()")
        gone = CLEAN_BATCH
        while gone == CLEAN_BATCH:
            [(gone,)] = in_own_transaction(self.env, "select gateway.clean_throttles(%s)", (CLEAN_BATCH,))
            if not self.env["ir.cron"]._commit_progress(gone):
                return
