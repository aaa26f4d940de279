"""The profile that governs all of a user's credentials."""

from odoo import fields, models


class ResUsers(models.Model):
    _inherit = "res.users"

    gateway_profile_id = fields.Many2one(
        "gateway.profile",
        "API Profile",
        index="btree_not_null",
        ondelete="restrict",
        groups="api_gateway.group_manager,base.group_erp_manager",
        help="Governs all of the user's credentials that carry no profile of their own.",
    )
    gateway_key_ids = fields.One2many("gateway.key", "user_id", "Gateway Keys", groups="api_gateway.group_user")
