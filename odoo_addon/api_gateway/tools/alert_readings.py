"""The readings that alert rules compare with their thresholds: one for each subject, from figures and tables that the
gateway keeps anyway."""

from odoo.tools import SQL

EVERYONE = "*"

# Metrics that are the share of a class of HTTP statuses in percent, with this class.
_SHARES = {"server_errors": 5, "refusals": 4}


def read(env, rule, open_subjects=()):
    """The current `{subject: value}` of a rule. A subject is the key of a consumer or credential, or `*` for all
    callers together.

    :param open_subjects: the subjects with an open alert, which half of the minimum number of requests keeps open"""
    if rule.metric in _SHARES:
        return _shares(env, rule, _SHARES[rule.metric], open_subjects)
    return {
        "throttled": _throttled,
        "dead_letters": _dead_letters,
        "sidecar_gone": _sidecar_gone,
        "key_expires": _key_expires,
    }[rule.metric](env, rule)


def _consumers(rule):
    if rule.callers == "one":
        return SQL("consumer = %s", rule.consumer)
    if rule.callers == "all":
        return SQL("consumer = '*'")
    # Requests without a credential are left out: they come from many strangers, who try out URLs and are refused.
    return SQL("consumer <> '*' and consumer not like 'none:%%'")


def _shares(env, rule, status_class, open_subjects):
    least = max(1, rule.least_requests)
    rows = env.execute_query(
        SQL(
            """
            select consumer, 100.0 * coalesce(sum(requests) filter (where class = %s), 0) / sum(requests)
            from gateway.request_stat_minute
            where step = 'minute' and facet = 'total' and %s and at >= %s
            group by consumer having sum(requests) >= case when consumer = any(%s) then %s else %s end
            """,
            status_class,
            _consumers(rule),
            _since(rule),
            list(open_subjects),
            max(1, least // 2),
            least,
        )
    )
    return {consumer: float(share) for consumer, share in rows}


def _throttled(env, rule):
    rows = env.execute_query(
        SQL(
            """
            select consumer, sum(requests)
            from gateway.request_stat_minute
            where step = 'minute' and facet = 'reason' and gateway.refusal(value) = 'throttled' and %s and at >= %s
            group by consumer
            """,
            _consumers(rule),
            _since(rule),
        )
    )
    return {consumer: float(requests) for consumer, requests in rows}


def _dead_letters(env, rule):
    [[count]] = env.execute_query(
        SQL("select count(*) from gateway.webhook_job where state = 'dead' and finished_at >= %s", _since(rule))
    )
    return {EVERYONE: float(count)}


def _sidecar_gone(env, rule):
    """Minutes since the last heartbeat. A sidecar that stops deletes its row; if there are no rows, these are the
    minutes since the last request. After a day there is no reading: the sidecars are not needed then."""
    rows = env.execute_query(
        SQL(
            """
            select extract(epoch from gateway.utc_now() - alive.at) / 60
            from (
              select coalesce(
                (select max(seen_at) from gateway.sidecar), (select max(last_seen) from gateway.consumer)) as at
            ) alive
            where alive.at > gateway.utc_now() - interval '1 day'
            """
        )
    )
    return {EVERYONE: float(rows[0][0])} if rows else {}


def _key_expires(env, rule):
    """The days left for each credential that has not expired yet. Credentials whose whole lifetime is
    shorter than the threshold are left out: they expire as planned."""
    rows = env.execute_query(
        SQL(
            """
            select subject, extract(epoch from expires_at - gateway.utc_now()) / 86400
            from (
              select 'gateway_key:' || id, expires_at, create_date from gateway_key
              where active and revoked_at is null and is_speed_test is not true
              union all
              select 'client:' || id, expires_at, create_date from gateway_client where active and revoked_at is null
              union all
              select 'odoo_key:' || k.id, k.expiration_date, k.create_date
              from res_users_apikeys k join res_users u on u.id = k.user_id
              where u.active and (k.scope is null or k.scope = 'rpc')
            ) credential (subject, expires_at, create_date)
            where expires_at > gateway.utc_now() and expires_at - create_date > make_interval(secs => %s)
            """,
            rule.threshold * 86400,
        )
    )
    return {subject: float(days) for subject, days in rows}


def _since(rule):
    return SQL("date_trunc('minute', gateway.utc_now()) - make_interval(mins => %s)", rule.minutes)
