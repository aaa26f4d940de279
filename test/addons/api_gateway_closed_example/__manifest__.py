{
    "name": "API Gateway Closed Example",
    "summary": "Models that an addon closes to remote calls with OCA's rpc_helper",
    "version": "19.0.1.0.0",
    "author": "API Gateway contributors",
    "license": "LGPL-3",
    "depends": ["api_gateway", "rpc_helper"],
    "installable": True,
}
