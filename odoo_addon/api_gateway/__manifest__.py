{
    "name": "API Gateway",
    "summary": "A secure, fast, observable REST API for every model",
    "version": "19.0.0.1.0",
    "category": "Technical",
    "author": "API Gateway contributors",
    "license": "LGPL-3",
    "depends": ["web", "bus", "mail"],
    "data": [
        "security/api_gateway_groups.xml",
        "security/ir.model.access.csv",
        "data/ir_cron.xml",
        "views/gateway_sidecar_views.xml",
        "views/menus.xml",
    ],
    "assets": {
        "web.assets_backend": [
            "api_gateway/static/src/loader/**/*",
        ],
        # Loaded when a page of the gateway is opened; the header gives its SCSS the backend's variables.
        "api_gateway.assets": [
            ("include", "web._assets_helpers"),
            ("include", "web._assets_backend_helpers"),
            "web/static/src/scss/pre_variables.scss",
            "web/static/lib/bootstrap/scss/_variables.scss",
            "web/static/lib/bootstrap/scss/_variables-dark.scss",
            "web/static/lib/bootstrap/scss/_maps.scss",
            "api_gateway/static/src/core/**/*",
            "api_gateway/static/src/status/**/*",
        ],
    },
    "application": True,
    "uninstall_hook": "uninstall_hook",
}
