from odoo.http import Controller, request, route


class MyController(Controller):
    @route("/my_service", auth="api_key", type="http", methods=["GET", "POST"], csrf=False, save_session=False)
    def my_service(self, **_parameters):
        return request.make_json_response(
            {
                "uid": request.env.uid,
                "login": request.env.user.login,
                # Set by OCA's addon auth_api_key, if that is installed.
                "auth_api_key_id": getattr(request, "auth_api_key_id", None),
            }
        )
