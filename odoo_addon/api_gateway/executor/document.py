"""A model's fields and methods as Odoo's addon `api_doc` gives them at `/doc-bearer/<model>.json`."""

from odoo.exceptions import AccessError

from .arguments import required
from .reach import READ

GROUP = "api_doc.group_allow_doc"


def document(env, reach, operation):
    """Returns None if the addon is not installed. Raises AccessError if the user may not read documentation, or the
    model."""
    model = reach.model(env, required(operation, "model"), READ)
    if "api_doc" not in env.registry._init_modules:
        return None
    # The controller is only imported where its addon is installed, because importing a controller registers it.
    from odoo.addons.api_doc.controllers.api_doc import DocController, is_public_method

    if not env.user.has_group(GROUP):
        raise AccessError(env._("This page is only accessible to %s users.", env.ref(GROUP).sudo().name))
    model.check_access("read")
    controller = DocController()
    return {
        "model": model._name,
        "name": env["ir.model"]._get(model._name).name,
        "doc": None,
        "fields": {
            name: {**field, "module": next(iter(model._fields[name]._modules), None)}
            for name, field in model.fields_get().items()
        },
        "methods": {
            name: controller._doc_method(model, model._name, method, name)
            for name in dir(model)
            if (method := is_public_method(model, name))
        },
    }
