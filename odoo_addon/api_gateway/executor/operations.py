"""The operations of the contract (docs/architecture.md), by name: `(env, reach, operation) -> result`."""

from .metadata import describe, models, types
from .methods import call, read_call
from .reading import read, search
from .writing import create, unlink, write

READING = {
    "search": search,
    "read": read,
    "call": read_call,
    "models": models,
    "describe": describe,
    "types": types,
}
OPERATIONS = {**READING, "call": call, "create": create, "write": write, "unlink": unlink}
