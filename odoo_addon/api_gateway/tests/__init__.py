from . import (
    test_batches,
    test_channel,
    test_errors,
    test_exposure,
    test_limits,
    test_metadata,
    test_methods,
    test_reading,
    test_retries,
    test_schema,
    test_scopes,
    test_sidecars,
    test_traffic_log,
    test_webhook_capture,
    test_webhook_take_over,
    test_writing,
)
from . import test_credentials_page, test_credentials_rights
