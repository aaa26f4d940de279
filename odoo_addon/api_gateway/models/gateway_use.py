from odoo import api, fields, models


class GatewayUse(models.Model):
    """The parts of a model that a credential has used. Sidecars count these uses (`sql/031_usage.sql`) and never store
    payloads."""

    _name = "gateway.use"
    _inherit = ["gateway.configuration"]
    _description = "Use of a Model"
    _auto = False
    _log_access = False
    _order = "consumer, model, action, name"
    _table_query = """
        select
          min(u.id) as id, u.consumer, u.model, u.action, u.name,
          coalesce(max(c.name), '') as credential, max(c.user_id) as user_id,
          sum(u.requests)::bigint as requests, max(u.day) as last_day,
          coalesce(sum(u.requests) filter (where u.day > gateway.utc_now()::date - 30), 0)::bigint as requests_30
        from gateway.used u
        left join gateway.consumer c on c.consumer = u.consumer
        where u.day > gateway.utc_now()::date - 90
        group by u.consumer, u.model, u.action, u.name
    """

    consumer = fields.Char(readonly=True, help="The caller as the dashboard names it, for example key:12.")
    credential = fields.Char("Key", readonly=True)
    user_id = fields.Many2one("res.users", readonly=True)
    model = fields.Char(readonly=True)
    action = fields.Selection(
        [("read", "Read"), ("write", "Write"), ("delete", "Delete"), ("call", "Call"), ("choice", "Choice")],
        readonly=True,
    )
    name = fields.Char(
        readonly=True,
        help="A field or a path through relations, a method, or a choice such as state=sale. Empty: the records.",
    )
    requests = fields.Integer("Requests in 90 Days", readonly=True, aggregator="sum")
    requests_30 = fields.Integer("Requests in 30 Days", readonly=True, aggregator="sum")
    last_day = fields.Date("Last Used", readonly=True, aggregator="max")

    @api.model
    def _clean(self):
        """Deletes uses of more than 90 days ago: they say little about what a credential needs."""
        self.env.cr.execute(
            """
            delete from gateway.used where day <= gateway.utc_now()::date - 90;
            delete from gateway.used_address where day <= gateway.utc_now()::date - 90
            """
        )
