"""Collects a transaction's changes to records that webhooks watch, and turns them into jobs before it commits. The
hooks on the ORM (models/base_webhooks.py) only note the touched records and their old column values. The actual changes
are read from the database at the end, so writes that were rolled back to a savepoint, or that cancel each other out,
cause no job. `Cursor.flush()` runs this at every savepoint too: a transaction's second job for the same record and
webhook is merged into the first."""

import json
import logging

from odoo import SUPERUSER_ID
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL
from odoo.tools.json import json_default

from ..tools.secret_fields import is_secret
from .values import company_value, read_values, shape_column

_logger = logging.getLogger(__name__)

KEY = "api_gateway.webhooks"


class Changes:
    """Changes of one model since the last flush."""

    def __init__(self, watch):
        self.watch = watch
        self.created = set()
        self.columns = {}
        """{id: {column: its old value}}"""
        self.relations = {}
        """{id: {name of an x2many field: its ids before the change}}"""
        self.deleted = {}
        """{id: {webhook id: the values to send}}"""


def note_created(records, watch):
    _changes(records, watch).created.update(records._ids)
    _created_in_transaction(records).update(records._ids)


def note_columns(records, watch, names):
    """Call this before the columns `names` are updated. Stores the old values of all watched columns of the records."""
    if watch.columns.isdisjoint(names):
        return
    known = _changes(records, watch).columns
    ids = set(records._ids).difference(known, _created_in_transaction(records))
    if ids:
        known.update(_read_columns(records, watch, ids))


def note_relations(records, watch, names):
    """Call this before x2many fields are written."""
    names = watch.x2many.intersection(names)
    if not names or not all(records._ids):
        return
    known = _changes(records, watch).relations
    created = _created_in_transaction(records)
    for record in records.sudo().with_context(active_test=False):
        if record.id not in created:
            before = known.setdefault(record.id, {})
            for name in names.difference(before):
                before[name] = tuple(record[name]._ids)


def note_deleted(records, watch):
    """Call this before records are deleted, because they cannot be read afterwards."""
    changes = _changes(records, watch)
    ids = set(records._ids).difference(_created_in_transaction(records))
    deleted = {id_: {} for id_ in ids}
    for hook in watch.hooks:
        if "unlink" in hook.events and ids:
            for id_, values in _guarded(records, hook, ids, "unlink", _values_of_matching).items():
                deleted[id_][hook.id] = values
    changes.deleted.update(deleted)
    for id_ in set(records._ids) - ids:
        changes.deleted[id_] = {}


def _changes(records, watch):
    precommit = records.env.cr.precommit
    pending = precommit.data.get(KEY)
    if pending is None:
        pending = precommit.data[KEY] = {}
        env = records.env(user=SUPERUSER_ID, su=True, context={})
        precommit.add(lambda: _queue_jobs(env))
    changes = pending.get(records._name)
    if changes is None:
        changes = pending[records._name] = Changes(watch)
    return changes


def _created_in_transaction(records):
    # These ids are kept after a flush, unlike the pending changes. A rollback to a savepoint clears the ids and the
    # changes.
    return records.env.cr.cache.setdefault(KEY, {}).setdefault(records._name, set())


def _read_columns(model, watch, ids):
    names = sorted(watch.columns)
    fields = model._fields
    # For binary columns, which may be large, only a digest is kept. It shows whether they changed.
    columns = [
        SQL("md5(%s) AS %s", SQL.identifier(name), SQL.identifier(name))
        if fields[name].type == "binary"
        else SQL.identifier(name)
        for name in names
    ]
    rows = model.env.execute_query(
        SQL(
            "SELECT id, %s FROM %s WHERE id = ANY(%s)",
            SQL(", ").join(columns),
            SQL.identifier(model._table),
            list(ids),
        )
    )
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}


def _queue_jobs(env):
    pending = env.cr.precommit.data.pop(KEY, {})
    for model_name, changes in pending.items():
        model = env[model_name]
        _forget_deleted(model, changes)
        changed = _changed_names(model, changes)
        jobs = []
        for hook in changes.watch.hooks:
            if not env["res.users"].browse(hook.owner_id).active:
                continue
            jobs += _deletions(hook, changes)
            jobs += _creations_and_updates(model, hook, changes, changed)
        _insert_jobs(env.cr, model_name, jobs)


def _forget_deleted(model, changes):
    """Drop records that were not deleted after all. For deleted records, drop jobs that this transaction has created
    earlier."""
    if not changes.deleted:
        return
    for record in model.browse(changes.deleted).exists():
        del changes.deleted[record.id]
    for known in (changes.columns, changes.relations):
        for id_ in changes.deleted.keys() & known.keys():
            del known[id_]
    changes.created.difference_update(changes.deleted)
    model.env.cr.execute(
        """
        delete from gateway.webhook_job
        where txid = pg_current_xact_id() and state = 'queued' and event <> 'test'
          and webhook_id = any(%s) and res_id = any(%s)
        """,
        ([hook.id for hook in changes.watch.hooks], list(changes.deleted)),
    )


def _changed_names(model, changes):
    """{id: {name: its previous raw value, or None if that was not stored}}, for records that still exist."""
    changed = {}
    for known in (changes.columns, changes.relations):
        for id_ in changes.created & known.keys():
            del known[id_]
    if changes.columns:
        after = _read_columns(model, changes.watch, changes.columns)
        for id_, row in after.items():
            before = changes.columns[id_]
            changed[id_] = {name: before[name] for name, value in row.items() if value != before[name]}
    for record in model.with_context(active_test=False).browse(changes.relations).exists():
        for name, before in changes.relations[record.id].items():
            if set(record[name]._ids) != set(before):
                changed.setdefault(record.id, {})[name] = before
    return {id_: names for id_, names in changed.items() if names}


def _deletions(hook, changes):
    for id_, values in changes.deleted.items():
        if hook.id in values:
            error = values[hook.id] if isinstance(values[hook.id], Exception) else None
            yield _job(hook, "unlink", id_, values=None if error else values[hook.id], error=error)


def _creations_and_updates(model, hook, changes, changed):
    touched = {}
    if "create" in hook.events:
        touched.update((id_, None) for id_ in changes.created)
    if "write" in hook.events:
        for id_, before in changed.items():
            if names := hook.concerns(before.keys()):
                touched[id_] = {name: before[name] for name in names}
    if not touched:
        return
    for id_, change in _guarded(model, hook, touched, "write", _previous_of_matching).items():
        if isinstance(change, Exception):
            yield _job(hook, "write" if touched[id_] else "create", id_, error=change)
        elif touched[id_] is None:
            yield _job(hook, "create", id_)
        elif change:
            yield _job(hook, "write", id_, changed=sorted(change), previous=change if hook.with_previous else None)


def _guarded(model, hook, touched, event, evaluate):
    """Calls `evaluate` as the webhook's owner. An error in it must not make the user's change fail. The error becomes a
    dead letter, which the webhook's page shows. Conflicts are raised, because Odoo retries them."""
    env = model.env(user=hook.owner_id, su=False, context={"tz": "UTC"})
    owner = env.user.sudo()
    seen_by_owner = model.with_env(env(context=dict(env.context, lang=owner.lang or "en_US")))
    try:
        with env.cr.savepoint(flush=False):
            return evaluate(seen_by_owner, hook, touched)
    except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
        raise
    except Exception as exc:
        _logger.warning("webhook %s: %s of %s could not be captured", hook.id, event, model._name, exc_info=True)
        return dict.fromkeys(touched, exc)


def _matching(model, hook, ids):
    if not model.has_access("read"):
        return model.browse()
    found = model.with_context(active_test=False).search([("id", "in", list(ids)), *hook.domain], order="id")
    return found.with_env(model.env)


def _values_of_matching(model, hook, ids):
    return read_values(_matching(model, hook, ids), hook.payload)


def _previous_of_matching(model, hook, touched):
    """{id: {changed name: previous value in the API's format}}, for names that the owner may read."""
    found = {}
    for record in _matching(model, hook, touched):
        previous = {}
        for name, raw in (touched[record.id] or {}).items():
            field = model._fields[name]
            if is_secret(field) or not model._has_field_access(field, "read"):
                continue
            if field.company_dependent and company_value(field, raw, record) == _own_value(field, record):
                continue  # the value of another company changed
            if field.type in ("binary", "properties", "properties_definition"):
                previous[name] = None
            elif field.type in ("one2many", "many2many"):
                previous[name] = list(raw)
            else:
                previous[name] = shape_column(field, raw, record)
        found[record.id] = previous
    return found


def _own_value(field, record):
    value = record[field.name]
    return value.id if field.type == "many2one" else value


def _job(hook, event, id_, *, changed=(), previous=None, values=None, error=None):
    return {
        "webhook_id": hook.id,
        "event": event,
        "res_id": id_,
        "changed": list(changed),
        "previous": previous,
        "record_values": values,
        "error": f"Not captured: {error}" if error else None,
    }


def _insert_jobs(cr, model_name, jobs):
    if not jobs:
        return
    cr.execute(
        """
        insert into gateway.webhook_job as j
          (model, webhook_id, event, res_id, changed, previous, record_values, error, state, finished_at)
        select %s, n.webhook_id, n.event, n.res_id, n.changed, n.previous, n.record_values, n.error,
          case when n.error is null then 'queued' else 'dead' end,
          case when n.error is not null then gateway.utc_now() end
        from jsonb_to_recordset(%s::jsonb) as n(
          webhook_id integer, event text, res_id bigint, changed text[], previous jsonb, record_values jsonb,
          error text)
        on conflict (txid, webhook_id, res_id) where state = 'queued' and event <> 'test' do update set
          event = case when j.event = 'create' then 'create' else excluded.event end,
          changed = case when j.event = 'create' then j.changed else array(
            select distinct name from unnest(j.changed || excluded.changed) as name order by name) end,
          -- the values before the first of the merged changes
          previous = case when j.event = 'create' then null else excluded.previous || coalesce(j.previous, '{}') end,
          record_values = excluded.record_values
        """,
        (model_name, json.dumps(jobs, default=json_default)),
    )
