from odoo import api, models, tools
from odoo.exceptions import UserError

from ..tools.columns import read_columns
from ..tools.external_ids import OWN_PREFIX
from ..tools.gate import gate


class IrModel(models.Model):
    _inherit = "ir.model"

    @api.model
    @tools.ormcache("model_name")
    def _gateway_view_columns(self, model_name):
        """The actual columns of a model that is based on a database view."""
        return read_columns(self.env, self.env[model_name]._table)


class IrModelData(models.Model):
    _inherit = "ir.model.data"

    def _gateway_check_unlink(self):
        """When Odoo deletes a record, it deletes the record's external ids as superuser. That is part of the deletion,
        which was allowed, and not a write by the caller."""
        if gate.get() and self.env.su and self._gateway_names_nothing():
            return None
        return super()._gateway_check_unlink()

    def _gateway_names_nothing(self):
        """Whether all records to which these external ids refer are gone."""
        for model_name, names in self.exists().grouped("model").items():
            model = self.env.get(model_name)
            if model is None or not model._auto or model.browse(names.mapped("res_id")).exists():
                return False
        return True

    @api.model
    def _update_xmlids(self, data_list, update=False):
        """A file may contain external ids of credentials only if they exist already, as in an exported file. With a new
        one, the next upsert of a credential would write to a record that the file's author chose."""
        for data in data_list:
            xml_id, record = data["xml_id"], data["record"]
            is_own = xml_id.startswith(OWN_PREFIX)
            if is_own and self._xmlid_to_res_model_res_id(xml_id) != (record._name, record.id):
                raise UserError(
                    self.env._(
                        "The external id %(name)s belongs to an API credential. Choose one that does not begin with "
                        "%(prefix)s.",
                        name=xml_id,
                        prefix=OWN_PREFIX,
                    )
                )
        return super()._update_xmlids(data_list, update)
