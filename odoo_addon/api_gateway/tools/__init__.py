from . import asker, narrowing, own_transaction
