{
    "name": "API Gateway Example",
    "summary": "A route of another addon that callers reach with their API key, and a report over a view",
    "version": "19.0.1.0.0",
    "author": "API Gateway contributors",
    "license": "LGPL-3",
    "depends": ["api_gateway"],
    "data": ["security/ir.model.access.csv"],
    "installable": True,
}
