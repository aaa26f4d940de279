import json

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class GatewaySyncedModel(models.Model):
    """Models whose changes the API reports (`GET /api/v1/<model>/changes`). The triggers in `sql/022_changes.sql` note
    them."""

    _name = "gateway.synced.model"
    _inherit = ["gateway.configuration"]
    _description = "Synced Model"
    _order = "model_name, id"
    _rec_name = "model_id"

    model_id = fields.Many2one(
        "ir.model",
        required=True,
        ondelete="cascade",
        domain=[("transient", "=", False), ("abstract", "=", False)],
        help="API clients can follow changes of this model's records from now on.",
    )
    model_name = fields.Char(related="model_id.model", store=True, string="Technical Model", precompute=True)
    note = fields.Char("Notes")
    changed_records = fields.Integer(
        compute="_compute_figures",
        help="Records that changed within the retention period. Clients can still fetch these changes.",
    )
    last_changed_at = fields.Datetime("Last Change", compute="_compute_figures")

    _model_unique = models.UniqueIndex("(model_id)", "This model is synced already.")

    def _compute_figures(self):
        self.env.cr.execute(
            "select model, count(*), max(stamped_at) from gateway.change where model = any (%s) group by model",
            (self.mapped("model_name"),),
        )
        figures = {name: (count, last) for name, count, last in self.env.cr.fetchall()}
        for synced in self:
            synced.changed_records, synced.last_changed_at = figures.get(synced.model_name, (0, False))

    @api.constrains("model_id")
    def _check_model(self):
        hides = self.env["gateway.webhook"]._hidden_models()
        for synced in self:
            model = self.env.get(synced.model_name)
            if model is None or not model._auto or model._abstract or model._transient or hides(synced.model_name):
                raise ValidationError(
                    self.env._(
                        "Changes of %s cannot be followed: it has no table, or is never exposed.", synced.model_name
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        synced = super().create(vals_list)
        synced._watch()
        return synced

    def write(self, vals):
        result = super().write(vals)
        if "model_id" in vals:
            self.env.flush_all()  # the trigger that ends the old model's watch must not end the new one
            self._watch()
        return result

    def _watch(self):
        for synced in self:
            model = self.env[synced.model_name]
            parents = [
                {"table": self.env[parent]._table, "column": column} for parent, column in model._inherits.items()
            ]
            self.env.cr.execute(
                "select gateway.watch_changes(%s, %s, %s)", (model._name, model._table, json.dumps(parents))
            )

    @api.model
    def _cron_clean(self):
        """Called by a cron: assigns numbers to changes that no client has asked for, because only numbered changes
        are ever deleted, and deletes changes past their retention."""
        for statement in ("select gateway.stamp_changes(10000)", "select gateway.clean_changes(10000)"):
            while True:
                self.env.cr.execute(statement)
                [done] = self.env.cr.fetchone()
                if not done or not self.env["ir.cron"]._commit_progress(done):
                    break
