from odoo import api, models

from ..tools.gate import ExposureError, gate
from .mail_account_links import check_rendered


class DynamicTextError(ExposureError):
    """Raised when text written by a narrowed credential would run as code, with more rights than the credential has."""

    def __init__(self):
        super().__init__(
            "A credential with scopes or models cannot use dynamic content (expressions such as {{ object.x }} or "
            "<t t-out>) in texts. Send plain text, or use a template that is stored in Odoo.",
        )


def _engine(field):
    return getattr(field, "render_engine", None) or "inline_template"


# Text with expressions is code. Odoo trusts text written by administrators and template editors, but their narrowed
# credentials are not trusted. Stored text was checked when it was written, and may be rendered.
class MailRenderMixin(models.AbstractModel):
    _inherit = "mail.render.mixin"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._gateway_check_texts(set().union(*vals_list))
        return records

    def write(self, vals):
        result = super().write(vals)
        self._gateway_check_texts(vals)
        return result

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        result = super()._update_field_translations(field_name, translations, digest=digest, source_lang=source_lang)
        for lang in translations:
            self.with_context(lang=lang)._gateway_check_texts([field_name])
        return result

    @api.model
    def _render_template(self, template_src, model, res_ids, *args, **kwargs):
        rendered = super()._render_template(template_src, model, res_ids, *args, **kwargs)
        check_rendered(self.env, rendered)
        return rendered

    @api.model
    def _render_template_qweb(self, template_src, model, res_ids, add_context=None, options=None):
        self._gateway_check_source(template_src, model, res_ids, "qweb")
        return super()._render_template_qweb(template_src, model, res_ids, add_context=add_context, options=options)

    @api.model
    def _render_template_inline_template(self, template_txt, model, res_ids, add_context=None, options=None):
        self._gateway_check_source(template_txt, model, res_ids, "inline_template")
        return super()._render_template_inline_template(
            template_txt, model, res_ids, add_context=add_context, options=options
        )

    def _gateway_check_texts(self, names):
        """Refuse expressions in written values. A wizard's text is checked when it is rendered."""
        call = gate.get()
        if call is None or not call.is_narrowed or self._transient:
            return
        fields = [self._fields[name] for name in names if name in self._fields]
        for record in self.sudo():
            for field in fields:
                if field.type in ("char", "text", "html"):
                    engine = _engine(field)
                    if self._gateway_is_dynamic(record[field.name], record.render_model, engine):
                        raise DynamicTextError

    def _gateway_check_source(self, text, model, res_ids, engine):
        call = gate.get()
        if (
            call
            and call.is_narrowed
            and text
            and self._gateway_is_dynamic(text, model, engine)
            and not self._gateway_is_stored(text, model, res_ids, engine)
        ):
            raise DynamicTextError

    @api.model
    def _gateway_is_dynamic(self, text, model, engine):
        if engine == "inline_template":
            return self._has_unsafe_expression_template_inline_template(text, model)
        return self._has_unsafe_expression_template_qweb(text, model)

    def _gateway_is_stored(self, text, model, res_ids, engine):
        """Whether no narrowed credential can have written the text: it belongs to a template, or to a record whose
        text was checked for this rendering engine."""
        guarded = gate.get().guards
        if not self._abstract and not self._transient:
            return self._gateway_holds(self, text, None if guarded(self._name) else engine)
        if "template_id" in self._fields and guarded(self.template_id._name):
            return self._gateway_holds(self.template_id, text)
        return model == "digest.tip" and self._gateway_holds(self.env[model].browse(res_ids), text)

    def _gateway_holds(self, source, text, engine=None):
        """Whether the text belongs to a saved record, in a field that is rendered by `engine`."""
        if not all(type(id_) is int for id_ in source._ids):
            return False
        for name, field in source._fields.items():
            is_text = field.type in ("char", "text", "html") and (field.store or field.related)
            if is_text and engine in (None, _engine(field)):
                for value in filter(None, source.sudo().mapped(name)):
                    if str(text) in (str(value), self._gateway_sanitized(field, value)):
                        return True
        return False

    def _gateway_sanitized(self, field, value):
        """The value in the format of a wizard's body."""
        own = self._fields.get("body")
        if field.type == "html" and own is not None and own.type == "html":
            return str(own.convert_to_cache(value, self, validate=True))
        return str(value)
