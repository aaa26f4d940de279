from odoo import models

from odoo.addons.rpc_helper.decorator import disable_rpc


@disable_rpc("create", "unlink")
class ResPartnerCategory(models.Model):
    _inherit = "res.partner.category"
