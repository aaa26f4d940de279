from . import (
    test_batches,
    test_channel,
    test_errors,
    test_exposure,
    test_metadata,
    test_methods,
    test_reading,
    test_retries,
    test_schema,
    test_scopes,
    test_sidecars,
    test_writing,
)
