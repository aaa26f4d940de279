"""Resources: records under a public name, with the fields that an integration needs and no others."""

import json
import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools.domain import checked_domain

PATH = re.compile(r"[a-z][a-z0-9_-]{0,62}")
NAME = re.compile(r"[A-Za-z_]\w{0,62}")
RESERVED = frozenset(["auth", "batch", "ping", "usage"])


class GatewayResource(models.Model):
    _name = "gateway.resource"
    _inherit = ["gateway.configuration"]
    _description = "API Resource"
    _order = "sequence, name, id"

    name = fields.Char(
        "Path",
        required=True,
        copy=False,
        help="The last part of the URL: products is at /api/v1/products.",
    )
    label = fields.Char(required=True, translate=True, help="The name of one record in messages, such as Product.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    model_name = fields.Char("Model", required=True, help="Technical name such as product.template.")
    app_name = fields.Char(
        "App", help="The app that defines the model. If it is not installed, error messages name it."
    )
    domain = fields.Char(default="[]", help="For this resource, records outside this domain do not exist.")
    domain_json = fields.Json(
        compute="_compute_domain_json", store=True, help="The domain in the form that the sidecar reads."
    )
    order = fields.Char(help="For example name, id desc. Empty: the model's own order.")
    description = fields.Text(translate=True)
    line_ids = fields.One2many("gateway.resource.line", "resource_id", "Fields", copy=True)
    is_nested = fields.Boolean("Only Nested", help="Available only inside another resource, without a path of its own.")
    is_available = fields.Boolean("Available", compute="_compute_is_available")

    _name_unique = models.UniqueIndex("(name)", "Another resource has this path.")

    @api.depends("model_name")
    def _compute_is_available(self):
        for resource in self:
            resource.is_available = resource.model_name in self.env.registry

    @api.depends("domain")
    def _compute_domain_json(self):
        for resource in self:
            try:
                resource.domain_json = resource._domain()
            except ValueError as exc:
                raise ValidationError(
                    self.env._("The domain of %(name)s cannot be read: %(fault)s", name=resource.name, fault=exc)
                ) from exc

    @api.constrains("name")
    def _check_name(self):
        for resource in self:
            if not PATH.fullmatch(resource.name) or resource.name in RESERVED:
                raise ValidationError(
                    self.env._(
                        "The path %s must begin with a letter and have only lower-case letters, digits, _ and -. "
                        "auth, batch and ping are taken.",
                        resource.name,
                    )
                )

    @api.constrains("model_name", "domain", "order")
    def _check_domain(self):
        for resource in self.filtered("is_available"):
            model = self.env[resource.model_name]
            try:
                model._search(resource._domain(), order=resource.order or None)
            except Exception as exc:
                raise ValidationError(
                    self.env._(
                        "The domain or order of %(name)s does not fit the model: %(fault)s",
                        name=resource.name,
                        fault=exc,
                    )
                ) from exc

    def _domain(self):
        return checked_domain(self.domain)

    def action_view_records(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.label,
            "res_model": self.model_name,
            "view_mode": "list,form",
            "domain": self._domain(),
        }


class GatewayResourceLine(models.Model):
    _name = "gateway.resource.line"
    _inherit = ["gateway.configuration"]
    _description = "Field of an API Resource"
    _order = "sequence, id"

    resource_id = fields.Many2one("gateway.resource", required=True, ondelete="cascade", index=True)
    sequence = fields.Integer(default=10)
    name = fields.Char("Public Name", required=True)
    field_name = fields.Char(
        "Field",
        required=True,
        help="A field of the model. The resource does not have it if the field's app is not installed.",
    )
    is_readable = fields.Boolean("Read", default=True)
    is_writable = fields.Boolean("Write", default=True)
    is_required = fields.Boolean("Required", help="Records cannot be created without a value for it.")
    text_format = fields.Selection([("email", "E-mail Address")], "Format")
    value_map = fields.Json(
        "Values",
        help="For each public value, the fields and values that are written instead of it.",
    )
    value_map_text = fields.Text("Value Map", compute="_compute_value_map_text", inverse="_inverse_value_map_text")
    nested_id = fields.Many2one(
        "gateway.resource",
        "Nested Resource",
        ondelete="restrict",
        help="For lists of records such as order lines: the fields that can be read and written.",
    )

    _name_unique = models.Constraint("unique (resource_id, name)", "Each public name must be unique.")

    @api.constrains("name", "field_name")
    def _check_names(self):
        for line in self:
            if not NAME.fullmatch(line.name) or not NAME.fullmatch(line.field_name):
                raise ValidationError(self.env._("%s is not the name of a field.", line.name))

    @api.constrains("nested_id", "resource_id")
    def _check_nested(self):
        for line in self:
            nested = line.nested_id
            if nested and any(nested.line_ids.mapped("nested_id")):
                raise ValidationError(
                    self.env._("A nested resource cannot contain another nested one: %s.", nested.name)
                )

    @api.depends("value_map")
    def _compute_value_map_text(self):
        for line in self:
            line.value_map_text = json.dumps(line.value_map, indent=2) if line.value_map else False

    def _inverse_value_map_text(self):
        for line in self:
            try:
                parsed = json.loads(line.value_map_text or "null")
            except ValueError as exc:
                raise ValidationError(
                    self.env._("The values of %(name)s are not JSON: %(fault)s", name=line.name, fault=exc)
                ) from exc
            if parsed is not None and not (
                isinstance(parsed, dict) and all(isinstance(values, dict) for values in parsed.values())
            ):
                raise ValidationError(
                    self.env._('The values of %s must be like {"product": {"type": "consu"}}.', line.name)
                )
            line.value_map = parsed
