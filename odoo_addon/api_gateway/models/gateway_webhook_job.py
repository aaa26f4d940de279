import json

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.asker import have_group, is_own


class GatewayWebhookJob(models.Model):
    """The outbox: one row for each event and webhook."""

    _name = "gateway.webhook.job"
    _inherit = ["gateway.configuration"]
    _description = "Webhook Job"
    _auto = False
    _log_access = False
    _order = "id desc"
    _rec_name = "event_id"
    _table_query = """
        select
          j.id, event_id::text as event_id, w.id as webhook_id, event, model as model_name, res_id,
          model || ',' || res_id as reference,
          array_to_string(changed, ', ') as changed,
          case
            when state = 'queued' and holder is not null and run_at > gateway.utc_now() then 'sending'
            when state = 'queued' and attempts > 0 then 'retrying'
            else state
          end as state,
          attempts, case when state = 'queued' then run_at end as run_at, status, error, created_at, finished_at
        from gateway.webhook_job j
        -- a deleted webhook leaves its jobs behind, and Odoo cannot read a relation to a missing record
        left join gateway_webhook w on w.id = j.webhook_id
    """

    event_id = fields.Char(
        "Webhook-Id", readonly=True, help="Identical in every attempt, so receivers can recognize duplicates."
    )
    webhook_id = fields.Many2one("gateway.webhook", readonly=True)
    event = fields.Selection(
        [("create", "Created"), ("write", "Changed"), ("unlink", "Deleted"), ("test", "Test")], readonly=True
    )
    model_name = fields.Char("Model", readonly=True)
    res_id = fields.Integer("Record ID", readonly=True, aggregator=None)
    changed = fields.Char("Changed Fields", readonly=True)
    state = fields.Selection(
        [
            ("queued", "Waiting"),
            ("sending", "Sending"),
            ("retrying", "Retrying"),
            ("delivered", "Delivered"),
            ("dead", "Dead Letter"),
        ],
        readonly=True,
    )
    attempts = fields.Integer(readonly=True, aggregator=None)
    run_at = fields.Datetime("Next Try", readonly=True)
    status = fields.Integer("HTTP Status", readonly=True, aggregator=None)
    error = fields.Char(readonly=True)
    created_at = fields.Datetime("Happened", readonly=True)
    finished_at = fields.Datetime("Finished", readonly=True)
    attempt_ids = fields.One2many("gateway.webhook.attempt", "job_id", "Log of Attempts", readonly=True)
    body = fields.Text(compute="_compute_body")

    @api.depends("model_name", "res_id", "event")
    @api.depends_context("lang")
    def _compute_display_name(self):
        events = dict(self._fields["event"]._description_selection(self.env))
        for job in self:
            job.display_name = f"{job.model_name} {job.res_id}: {events[job.event]}" if job.event else False

    @api.depends("event_id")
    @api.depends_context("uid")
    def _compute_body(self):
        self.env.cr.execute("select id, body from gateway.webhook_job where id = any(%s)", (self.ids,))
        bodies = dict(self.env.cr.fetchall())
        for job in self:
            body = bodies.get(job.id)
            if not body:
                job.body = False
            elif job._may_see_body():
                job.body = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
            else:
                job.body = self.env._("Only the webhook's owner and administrators see what was sent.")

    def _may_see_body(self):
        if have_group(self.env, "base.group_system"):
            return True
        return bool(self.webhook_id) and is_own(self.webhook_id, "user_id")

    def action_redeliver(self):
        webhooks = self.webhook_id
        webhooks.check_access("write")
        if len(self) != len(self.filtered("webhook_id.active")):
            raise UserError(self.env._("Some of these jobs belong to a webhook that was deleted or archived."))
        self.env.cr.execute("select gateway.webhook_redeliver(%s::bigint[])", (self.ids,))
        [count] = self.env.cr.fetchone()
        self.invalidate_recordset()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": self.env._("%s sent again.", count),
                "type": "success",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_open_record(self):
        self.ensure_one()
        if self.model_name not in self.env or not self.env[self.model_name].browse(self.res_id).exists():
            raise UserError(self.env._("The record does not exist any more."))
        return {
            "type": "ir.actions.act_window",
            "res_model": self.model_name,
            "res_id": self.res_id,
            "view_mode": "form",
        }

    @api.model
    def _cron_clean(self):
        """Called by a cron: deletes jobs past their retention, in batches, so that no lock is held for a long time."""
        while True:
            self.env.cr.execute("select gateway.webhook_cleanup(10000)")
            [removed] = self.env.cr.fetchone()
            if not removed or not self.env["ir.cron"]._commit_progress(removed):
                break
