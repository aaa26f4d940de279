from odoo import models

from odoo.addons.rpc_helper.decorator import disable_rpc


@disable_rpc("search")
class ResPartnerIndustry(models.Model):
    _inherit = "res.partner.industry"
