"""Converts Odoo's values to the API's format, as the sidecar does (sidecar/src/records/shape.ts)."""

import math
from datetime import date, datetime, timezone

from ..tools.columns import lacks_column
from ..tools.secret_fields import is_secret


def read_values(records, names):
    """{id: {name: value}} of `records`, as the environment's user reads them; without `names`, all stored columns that
    the user may read. Missing or hidden records are left out."""
    names = names or default_names(records)
    readable = records.exists()._filtered_access("read")
    fields = [records._fields[name] for name in names]
    return {
        values["id"]: {"id": values["id"], **{field.name: shape(field, values[field.name]) for field in fields}}
        for values in readable.read([field.name for field in fields])
    }


def default_names(model):
    return [
        name
        for name, field in model._fields.items()
        if name != "id"
        and field.store
        and field.column_type
        and field.type != "binary"
        and not is_secret(field)
        and not lacks_column(model, field)
        and model._has_field_access(field, "read")
    ]


def shape(field, value):
    """Converts one value that `read` has returned."""
    return shape_as(field.type, value)


def shape_as(kind, value):
    if kind == "boolean":
        return bool(value)
    if kind in ("integer", "float", "monetary"):
        return (value or 0) if math.isfinite(value or 0) else None
    if kind == "many2one":
        return {"id": value[0], "name": value[1]} if value else None
    if kind in ("one2many", "many2many"):
        return list(value or ())
    if kind == "many2one_reference":
        return value or None
    if value is False or value is None or (value == "" and kind in ("char", "text", "html")):
        return None
    if kind == "reference":
        model_name, _, id_ = value.rpartition(",")
        return {"model": model_name, "id": int(id_)}
    if kind == "properties":
        return [_shape_property(definition) for definition in value]
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("ascii", "replace")
    return value


def _shape_property(definition):
    if "value" not in definition:
        return definition
    value = definition["value"]
    if definition.get("type") == "many2many":
        value = [{"id": id_, "name": name} for id_, name in value or ()]
    else:
        value = shape_as(definition.get("type"), value)
    return dict(definition, value=value)


def iso(moment):
    """UTC without a zone, as Odoo stores it, in ISO 8601."""
    return moment.replace(tzinfo=timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


def shape_column(field, raw, model):
    """Converts one value of a column, for the user, language and company of `model`."""
    if field.company_dependent:
        raw = company_value(field, raw, model)
    if field.translate and isinstance(raw, dict):
        raw = raw.get(model.env.lang, raw.get("en_US"))
    if field.type == "many2one":
        if not raw:
            return None
        return {"id": raw, "name": model.env[field.comodel_name].browse(raw).exists().sudo().display_name or None}
    return shape(field, raw)


def company_value(field, raw, model):
    """The value of a company-dependent column for the company of `model`."""
    own = (raw or {}).get(str(model.env.company.id))
    if own is not None:
        return own
    fallback = field.get_company_dependent_fallback(model)
    return fallback.id if field.type == "many2one" else fallback
