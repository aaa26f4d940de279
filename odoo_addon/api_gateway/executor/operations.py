"""The operations of the contract (docs/architecture.md), by name: `(env, reach, operation) -> result`."""

from .aggregating import aggregate
from .clients import client_create, client_list, client_revoke
from .compiling.operation import compile_read
from .document import document
from .explaining import explain
from .login import login, second_factor
from .metadata import describe, methods, models, types, version
from .methods import call, read_call
from .reading import read, search
from .reports import report, reports
from .storing import content, store
from .upserting import upsert
from .writing import create, create_together, unlink, write, write_together
from .writing_found import unlink_found, write_found

READING = {
    "search": search,
    "content": content,
    "reports": reports,
    "read": read,
    "aggregate": aggregate,
    "call": read_call,
    "compile": compile_read,
    "explain": explain,
    "models": models,
    "describe": describe,
    "document": document,
    "methods": methods,
    "types": types,
    "second_factor": second_factor,
    "version": version,
}
OPERATIONS = {
    **READING,
    "call": call,
    "create": create,
    "write": write,
    "unlink": unlink,
    "upsert": upsert,
    "write_found": write_found,
    "unlink_found": unlink_found,
    "store": store,
    "report": report,
    "login": login,
    "client_list": client_list,
    "client_create": client_create,
    "client_revoke": client_revoke,
}
TOGETHER = {
    "create": create_together,
    "write": write_together,
}
