from odoo import fields, models, tools
from odoo.tools import SQL


class Report(models.Model):
    """Like vendor.delay.report of purchase_stock: one of its fields has values only when grouped."""

    _name = "api.gateway.example.report"
    _description = "Example Report"
    _auto = False

    country_id = fields.Many2one("res.country", readonly=True)
    partners = fields.Integer(readonly=True)
    rate = fields.Float(readonly=True)

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        self.env.cr.execute(
            SQL(
                """
                create view %s as
                select country_id as id, country_id, count(*) as partners
                from res_partner where country_id is not null group by country_id
                """,
                SQL.identifier(self._table),
            )
        )

    def _read_group_select(self, aggregate_spec, query):
        if aggregate_spec == "rate:sum":
            return SQL("sum(%s) / 2.0", self._field_to_sql(self._table, "partners", query))
        return super()._read_group_select(aggregate_spec, query)
