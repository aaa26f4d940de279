from . import narrowing, own_transaction
