from odoo import api, models

from ..webhooks import capture


# This class has no docstring, because Odoo would use it as the description of every model without a description.
#
# Records changes for webhooks. On models that no webhook watches, this costs one look-up in a cached dictionary.
# `_write_multi` sees each column that is actually updated, including recomputed ones; `write` is needed only for
# one2many and many2many. These changes are not noticed: direct SQL, deletions that a foreign key cascades, the other
# side of a many2many.
class Base(models.AbstractModel):
    _inherit = "base"  # pylint: disable=consider-merging-classes-inherited

    def _gateway_watch(self):
        """The webhooks of this model, or None."""
        # While a registry is being loaded, the tables may not exist yet, or no longer exist.
        return self.env["gateway.webhook"]._watched().get(self._name) if self.pool.ready else None

    @api.model
    def _create(self, data_list):
        # New records are noted here and not in `create`, because the fields that `create` computes and flushes would
        # look like updates of older records.
        records = super()._create(data_list)
        if watch := self._gateway_watch():
            capture.note_created(records, watch)
        return records

    def write(self, vals):
        if (watch := self._gateway_watch()) and watch.x2many:
            capture.note_relations(self, watch, vals)
        return super().write(vals)

    def _write_multi(self, vals_list):
        if watch := self._gateway_watch():
            capture.note_columns(self, watch, set().union(*vals_list))
        return super()._write_multi(vals_list)

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        # Terms of a translated column are updated by a separate SQL statement.
        if watch := self._gateway_watch():
            capture.note_columns(self, watch, {field_name})
        return super()._update_field_translations(field_name, translations, digest, source_lang)

    def unlink(self):
        if watch := self._gateway_watch():
            capture.note_deleted(self, watch)
        return super().unlink()
