from . import (
    test_batches,
    test_channel,
    test_errors,
    test_exposure,
    test_limits,
    test_metadata,
    test_methods,
    test_passwords,
    test_reading,
    test_redaction,
    test_retries,
    test_schema,
    test_scopes,
    test_settings,
    test_sidecars,
    test_speed_test,
    test_together,
    test_traffic_log,
    test_translations,
    test_values,
    test_webhook_capture,
    test_webhook_take_over,
    test_ways_out,
    test_writing,
)
from . import test_asker
from . import test_credentials_page, test_credentials_rights, test_dashboard
from . import test_answer_size, test_floods
