from odoo import api, fields, models

HEALTH = [
    ("new", "Nothing sent yet"),
    ("healthy", "Healthy"),
    ("failing", "Failing"),
    ("paused", "Paused"),
    ("ownerless", "Owner archived"),
]


class GatewayWebhookHealth(models.AbstractModel):
    """The health of a webhook, judging by its recorded deliveries, and the switch that stops and starts deliveries."""

    _name = "gateway.webhook.health"
    _description = "Health of a Webhook"

    health = fields.Selection(HEALTH, compute="_compute_state", search="_search_health")
    delivered = fields.Integer(compute="_compute_state")
    failed = fields.Integer("Failed Attempts", compute="_compute_state")
    queued_count = fields.Integer("Waiting", compute="_compute_state")
    dead_count = fields.Integer("Dead Letters", compute="_compute_state")
    success_at = fields.Datetime("Last Success", compute="_compute_state")
    failure_at = fields.Datetime("Last Failure", compute="_compute_state")
    last_error = fields.Char(compute="_compute_state")
    paused_at = fields.Datetime("Paused Since", compute="_compute_state")
    open_until = fields.Datetime("Next Try", compute="_compute_state")
    median_ms = fields.Integer("Median Time (ms)", compute="_compute_median", help="Of the last 100 attempts.")

    @api.depends("active", "user_id.active")
    def _compute_state(self):
        self.env.cr.execute(
            """
            select
              w.id, s.delivered, s.failed, s.failures, s.last_success_at, s.last_failure_at, s.last_error, s.paused_at,
              case when s.open_until > gateway.utc_now() then s.open_until end,
              (select count(*) from gateway.webhook_job j
               where j.webhook_id = w.id and j.state = 'queued' and j.event <> 'test'),
              (select count(*) from gateway.webhook_job j where j.webhook_id = w.id and j.state = 'dead')
            from unnest(%s::integer[]) as w(id)
            left join gateway.webhook_state s on s.webhook_id = w.id
            """,
            (self.ids,),
        )
        rows = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        for webhook in self:
            delivered, failed, failures, success, failure, error, paused, retry, queued, dead = rows.get(
                webhook._origin.id, (None,) * 10
            )
            webhook.delivered = delivered or 0
            webhook.failed = failed or 0
            webhook.success_at = success
            webhook.failure_at = failure
            webhook.last_error = error if failures else False
            webhook.paused_at = paused
            webhook.open_until = retry
            webhook.queued_count = queued or 0
            webhook.dead_count = dead or 0
            if not webhook.user_id.sudo().active:
                webhook.health = "ownerless"
            elif paused:
                webhook.health = "paused"
            elif failures:
                webhook.health = "failing"
            else:
                webhook.health = "healthy" if delivered else "new"

    def _search_health(self, operator, value):
        if operator != "in":
            return NotImplemented
        wanted = set(value)
        found = self.search([("active", "in", (True, False))])
        return [("id", "in", found.filtered(lambda webhook: webhook.health in wanted).ids)]

    def _compute_median(self):
        for webhook in self:
            self.env.cr.execute(
                """
                select percentile_cont(0.5) within group (order by ms)
                from (select ms from gateway.webhook_attempt where webhook_id = %s order by started_at desc limit 100) a
                """,
                (webhook._origin.id or None,),
            )
            webhook.median_ms = self.env.cr.fetchone()[0] or 0

    def action_pause(self):
        self.check_access("write")
        for webhook in self:
            self.env.cr.execute("select gateway.webhook_pause(%s)", (webhook.id,))
            webhook.message_post(body=self.env._("Paused. Changes are still collected."))

    def action_resume(self):
        self.check_access("write")
        for webhook in self:
            self.env.cr.execute("select gateway.webhook_resume(%s)", (webhook.id,))
            webhook.message_post(body=self.env._("Resumed."))

    @api.model
    def _announce_pauses(self):
        """Notifies owners and followers when the gateway has paused a webhook."""
        self.env.cr.execute("select * from gateway.webhook_announce()")
        for webhook_id, reason, since, error in self.env.cr.fetchall():
            webhook = self.browse(webhook_id).exists()
            if not webhook:
                continue
            why = (
                self.env._("The receiver asked for no more events (410).")
                if reason == "gone"
                else self.env._(
                    "Nothing has been delivered since %(since)s UTC. Last error: %(error)s", since=since, error=error
                )
            )
            managers = self.env.ref("api_gateway.group_manager").all_user_ids.partner_id
            webhook.message_post(
                subject=self.env._("Webhook paused: %s", webhook.name),
                body=self.env._("%s Changes are still collected and will be sent when you resume the webhook.", why),
                partner_ids=(webhook.user_id.partner_id | managers).ids,
                message_type="notification",
                subtype_xmlid="mail.mt_comment",
            )
