from odoo import api, fields, models


class GatewayWebhookAttempt(models.Model):
    _name = "gateway.webhook.attempt"
    _inherit = ["gateway.configuration"]
    _description = "Webhook Delivery Attempt"
    _auto = False
    _log_access = False
    _order = "id desc"
    _rec_name = "started_at"
    _table_query = """
        select
          a.id, j.id as job_id, w.id as webhook_id, a.started_at, a.ms, a.status, a.error,
          -- a status outside 1xx to 5xx counts as 5xx (RFC 9110, section 15)
          case when a.status is null then 'none' else least(a.status / 100, 5)::text end as status_class,
          coalesce(s.name, case when a.sidecar is null then 'Odoo' else a.sidecar::text end) as sender,
          a.status between 200 and 299 and a.error is null as success
        from gateway.webhook_attempt a
        -- job and webhook may be deleted, and Odoo cannot read a relation to a missing record
        left join gateway.webhook_job j on j.id = a.job_id
        left join gateway_webhook w on w.id = a.webhook_id
        left join gateway.sidecar s on s.instance = a.sidecar
    """

    job_id = fields.Many2one("gateway.webhook.job", readonly=True)
    webhook_id = fields.Many2one("gateway.webhook", readonly=True)
    started_at = fields.Datetime("Time", readonly=True)
    ms = fields.Integer("Duration (ms)", readonly=True, aggregator="avg")
    status = fields.Integer("HTTP Status", readonly=True, aggregator=None)
    status_class = fields.Selection(
        [
            ("1", "1xx"),
            ("2", "2xx Delivered"),
            ("3", "3xx Redirected"),
            ("4", "4xx Refused"),
            ("5", "5xx Failed"),
            ("none", "No answer"),
        ],
        readonly=True,
    )
    success = fields.Boolean(readonly=True)
    error = fields.Char(readonly=True)
    sender = fields.Char("Sent by", readonly=True)
    response = fields.Text("Answer", compute="_compute_response", help="Its first 1,024 bytes.")

    @api.depends("job_id", "webhook_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for attempt in self:
            attempt.display_name = attempt.job_id.display_name or attempt.webhook_id.name

    @api.depends("job_id")
    @api.depends_context("uid")
    def _compute_response(self):
        self.env.cr.execute("select id, response from gateway.webhook_attempt where id = any(%s)", (self.ids,))
        responses = dict(self.env.cr.fetchall())
        for attempt in self:
            visible = attempt.job_id._may_see_body()
            attempt.response = responses.get(attempt.id) if visible else False
