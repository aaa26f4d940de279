"""Issued tokens, to be shown in Odoo. The sidecars write them."""

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.asker import check_group
from ..tools.own_transaction import in_own_transaction
from .gateway_credential import MANAGER


class GatewayToken(models.Model):
    _name = "gateway.token"
    _inherit = ["gateway.configuration"]
    _description = "API Token"
    _auto = False
    _log_access = False
    _order = "id desc"
    _table_query = """
        select
          t.id, t.type, t.credential, t.credential_id, t.user_id, t.scopes, t.address, t.issued_at, t.expires_at,
          t.spent_at, t.revoked_at, coalesce(gk.name, ok.name, c.name, ca.name) as credential_name,
          case when t.credential = 'client' then t.credential_id::integer end as client_id,
          case when t.credential = 'gateway_key' then t.credential_id::integer end as key_id
        from gateway.token t
        left join public.gateway_key gk on t.credential = 'gateway_key' and gk.id = t.credential_id
        left join public.res_users_apikeys ok on t.credential = 'odoo_key' and ok.id = t.credential_id
        left join public.gateway_client c on t.credential = 'client' and c.id = t.credential_id
        left join public.gateway_connected_app ca on t.credential = 'app' and ca.id = t.credential_id
    """

    type = fields.Selection([("access", "Access"), ("refresh", "Refresh")], readonly=True)
    credential = fields.Selection(
        [
            ("login", "Login"),
            ("client", "OAuth2 Client"),
            ("gateway_key", "API Key"),
            ("odoo_key", "Odoo's API Key"),
            ("app", "Connected App"),
        ],
        "Issued for",
        readonly=True,
    )
    credential_id = fields.Integer(readonly=True)
    credential_name = fields.Char("Name", readonly=True)
    user_id = fields.Many2one("res.users", readonly=True)
    client_id = fields.Many2one("gateway.client", "OAuth2 Client", readonly=True)
    key_id = fields.Many2one("gateway.key", "API Key", readonly=True)
    scopes = fields.Char(readonly=True)
    address = fields.Char(readonly=True)
    issued_at = fields.Datetime("Issued", readonly=True)
    expires_at = fields.Datetime("Expires", readonly=True)
    spent_at = fields.Datetime("Spent", readonly=True)
    revoked_at = fields.Datetime("Revoked", readonly=True)

    def action_revoke(self):
        """Ends these tokens at once, even if this transaction is rolled back."""
        check_group(self.env, MANAGER, self.env._("Only a gateway manager may revoke tokens."))
        in_own_transaction(self.env, "select gateway.revoke_tokens_by_id(%s)", (self.ids,))
        return True

    @api.model
    def _cron_clean(self):
        """Deletes expired and revoked tokens in batches, each in its own transaction, and warns of credentials that
        expire soon."""
        batch = 10_000
        while True:
            self.env.cr.execute(SQL("select gateway.clean_tokens(%s)", batch))
            [removed] = self.env.cr.fetchone()
            if not self.env["ir.cron"]._commit_progress(removed, remaining=int(removed == batch)) or removed < batch:
                break
        self.env["gateway.key"]._warn_expiring()
        self.env["gateway.client"]._warn_expiring()
        self.env["res.users.apikeys"]._warn_expiring()
        self.env["gateway.shrink"]._remind()
