"""Runs the calls in a message, each under its own user."""

import random
import time
from contextlib import contextmanager

from psycopg2.extensions import TRANSACTION_STATUS_INERROR

from odoo.exceptions import AccessError, UserError
from odoo.http import GeoIP

from .affected import affected
from .answer import Answer, encode, join
from .arguments import check_text
from .channel import ChannelError, spend_nonce
from .clock import Clock
from .context import call_context
from .dry_run import rehearsed
from .errors import CONFLICTS, OutOfReachError, RefusalError
from .file_transfer import file_of
from .gates import entered
from .idempotency import remember, remembered
from .languages import spoken
from .operations import OPERATIONS, READING, TOGETHER
from .reach import READ, Reach
from .references import References
from .room import Room
from .writing_found import require_few

# Odoo waits up to 2, 4, 8 … s between tries, with a worker blocked; most conflicts are over in milliseconds.
MAX_WAIT_S = 0.3
# Methods of the ORM that only read, and leave only records in the cache.
READS = frozenset(["read", "search", "search_count", "search_read"])
# These operations may be tried again without the values that change nothing.
WRITES = frozenset(["write", "write_found", "upsert"])
# If less time than this remains, there is no further try: the caller gets the conflict, not a timeout.
MIN_TRY_S = 0.02
FULL = encode({"ok": False, "error": {"reason": "channel.full", "message": ""}, "sql": 0, "ms": 0, "retries": 0})


class CallFailedError(Exception):
    """A write that must be rolled back, because it failed or was a dry run. The exception is raised so that Odoo cleans
    up; the body of the exception then becomes the answer."""

    def __init__(self, body):
        super().__init__()
        self.body = body


def run_reads(request):
    """Several callers' reads in one READ ONLY transaction. No call affects another's answer."""
    envelope = _opened(request)
    clock = Clock(request.env.cr, envelope.deadline, read_only=True)
    answers = []
    for index, call in enumerate(envelope.calls):
        if _is_full(answers, envelope):
            answers.append(FULL)
            continue
        if index and not _leaves_its_cache(request.env.registry, envelope.calls[index - 1], call):
            request.env.cr.clear()  # the cache belongs to the transaction: callers must not see each other's values
        answers.append(_run_read(request, index, envelope, clock))
    return join(answers)


def _opened(request):
    # If no call creates its own environment, Odoo flushes as the user of this one.
    request.env.transaction.default_env = request.env
    return request.dispatcher.envelope


def _is_full(answers, envelope):
    """Whether the answers together have reached the maximum size of one answer. Then no other call starts; the sidecar
    sends the rest again."""
    return sum(map(len, answers)) > envelope.state.answer_bytes


def _leaves_its_cache(registry, call, following):
    """Whether the next call has the same caller as this one, and this one has only read."""
    # Computed fields of Odoo read keys of the context that they do not declare, so the cache cannot tell them apart.
    first, *others = [*_own_contexts(call), *_own_contexts(following)]
    return (
        all(_only_reads(registry, operation) for operation in call["operations"])
        and all(call[key] == following[key] for key in ("uid", "context", "grant", "address"))
        and all(other == first for other in others)
    )


def _own_contexts(call):
    kwargs = [operation.get("kwargs") for operation in call["operations"]]
    return [given.get("context") or {} if type(given) is dict else {} for given in kwargs]


def _only_reads(registry, operation):
    if operation["op"] != "call":
        return operation["op"] in ("search", "read")
    name, method = operation.get("model"), operation.get("method")
    if type(name) is not str or type(method) is not str or method not in READS or name not in registry:
        return False
    return getattr(registry[name], method) is getattr(registry["base"], method)  # a module's override may do more


def run_content(request):
    """Answers one call with its result, followed by a part of a file."""
    envelope = _opened(request)
    clock = Clock(request.env.cr, envelope.deadline, read_only=True)
    with file_of(envelope.file) as file:
        return file.after(join([_run_read(request, 0, envelope, clock)]))


def run_file(request):
    """Like `run_write`. The only call in the message stores the file after the body, or produces a file."""
    envelope = _opened(request)
    with file_of(envelope.file) as file:
        return file.after(run_write(request))


def run_write(request):
    """Runs one call in the request's transaction. Several calls of one kind run together or, if that fails, one after
    the other, each in a separate transaction."""
    envelope = _opened(request)
    clock = Clock(request.env.cr, envelope.deadline, read_only=False)
    if len(envelope.calls) == 1:
        body, has_failed = _run_alone(request, 0, envelope, clock, envelope.nonce)
        if has_failed or envelope.calls[0].get("dry_run") is not None:
            raise CallFailedError(join([body]))
        return join([body])
    return join(_run_together(request, envelope, clock) or _run_in_turn(request, envelope, clock))


def _run_together(request, envelope, clock):
    """A list with an answer for each call, or None if nothing was done."""
    answer = Answer(request.env.cr)
    clock = clock.portion(len(envelope.calls) + 1)  # a wait for a lock must leave time to run the calls one by one
    try:
        operations = [call["operations"][0] for call in envelope.calls]
        targets = [id_ for operation in operations for id_ in operation.get("ids", ())]
        if len(set(targets)) < len(targets):
            return None  # later calls must see the writes of earlier ones
        clock.arm()
        spend_nonce(request.env.cr, envelope.nonce)
        with _entered(request, envelope.calls[0], envelope) as (env, reach):
            results = TOGETHER[operations[0]["op"]](env, reach, operations)
            env.cr.flush()
            languages = spoken(env, operations[:1])
            answers = [answer.success([result], languages, among=len(results)) for result in results]
            reach.room.check(sum(map(len, answers)))
        return answers
    except ChannelError:
        raise
    except Exception:
        _end_transaction(request.env, clock)
        return None  # running each one separately shows which one is at fault


def _run_in_turn(request, envelope, clock):
    request.dispatcher.may_have_written = True
    answers, nonce = [], envelope.nonce
    for index in range(len(envelope.calls)):
        if _is_full(answers, envelope):
            answers.append(FULL)
            continue
        portion = clock.portion(len(envelope.calls) - index)
        body, has_failed = _run_alone(request, index, envelope, portion, nonce, commits=True)
        answers.append(body)
        if not has_failed:
            nonce = None
    return answers


def _run_alone(request, index, envelope, clock, nonce, commits=False):
    """The answer to one call, and whether the call failed and was rolled back. While the call conflicts with another,
    it is tried again after a few milliseconds. `nonce`: None if an earlier transaction has used it."""
    # When the calls were tried together, the ORM changed their values.
    call = envelope.fresh_call(index) if commits else envelope.calls[index]
    answer = Answer(request.env.cr)
    is_retried = False
    while True:
        try:
            clock.arm()
            if nonce is not None:
                spend_nonce(request.env.cr, nonce)
            with _entered(request, call, envelope) as (env, reach):
                reach.drops_unchanged = is_retried
                results = _run_once(env, reach, call, clock, answer)
                env.cr.flush()
                body = answer.success(results, spoken(env, call["operations"]))
                reach.room.check(len(body))
                if commits:
                    _commit(env, clock)
            return body, False
        except ChannelError:
            raise
        except Exception as exc:
            _end_transaction(request.env, clock)
            if not is_retried and _may_be_for_its_presence(exc, call) and clock.left_s > MIN_TRY_S:
                is_retried = True
                call = envelope.fresh_call(index)
                continue
            if not isinstance(exc, CONFLICTS) or not _wait(answer.retries, clock):
                return answer.failure(exc, request.env, call), True
            answer.retries += 1
            call = envelope.fresh_call(index)


def _may_be_for_its_presence(exc, call):
    """Whether Odoo may have refused a value that changes nothing, only because it was sent. Only then is the call tried
    without such values, because finding them costs a read."""
    writes = any(operation["op"] in WRITES for operation in call["operations"])
    is_about_values = isinstance(exc, (UserError, OutOfReachError)) or getattr(exc, "reason", "") == "odoo.validation"
    return writes and is_about_values and not isinstance(exc, AccessError)


def _run_once(env, reach, call, clock, answer):
    if call.get("dry_run") is not None:
        with rehearsed(env, reach, call, answer) as operations:
            return _run_operations(env, reach, call, clock, operations, answer)
    if call.get("idempotency") is None:
        return _run_operations(env, reach, call, clock, OPERATIONS, answer)
    results = remembered(env, reach, call)
    answer.is_replay = results is not None
    if not answer.is_replay:
        results = _run_operations(env, reach, call, clock, OPERATIONS, answer)
        remember(env, call, results, encode)
    return results


def _run_read(request, index, envelope, clock):
    call = envelope.calls[index]
    answer = Answer(request.env.cr)
    while True:
        try:
            clock.arm()
            with _entered(request, call, envelope) as (env, reach):
                results = _run_operations(env, reach, call, clock, READING, answer)
                success = answer.success(results, spoken(env, call["operations"]))
                reach.room.check(len(success))
        except Exception as exc:
            _end_transaction(request.env, clock)
            # A replica cancels reads that conflict with its recovery.
            if isinstance(exc, CONFLICTS) and not answer.retries and clock.left_s > 0:
                answer.retries += 1
                call = envelope.fresh_call(index)
                continue
            return answer.failure(exc, request.env, call)
        if request.env.cr.connection.get_transaction_status() == TRANSACTION_STATUS_INERROR:
            _end_transaction(request.env, clock)  # a method has swallowed a Postgres error
        return success


def _run_operations(env, reach, call, clock, operations, answer):
    results, references, written = [], References(), 0
    for index, operation in enumerate(call["operations"]):
        answer.operation = index
        if len(call["operations"]) > 1:
            operation = references.resolve(operation)
        run = operations.get(operation["op"])
        if run is None:
            raise RefusalError("odoo.arguments", f"There is no operation {operation['op']!r} on this path.")
        clock.arm()
        reach.budget.begin()
        if operation["op"] in ("search", "read"):
            env.flush_all()  # pending computations belong to the earlier operations
            with reach.during(READ):
                results.append(run(env, reach, operation))
        else:
            results.append(run(env, reach, operation))
        if len(call["operations"]) > 1:
            references.add(results[-1], str(index), operation.get("name", str(index)))
        if (most := call.get("max_affected")) is not None:
            written += affected(env, operation, results[-1])
            require_few(written, most)
    return results


@contextmanager
def _entered(request, call, envelope):
    """The environment of the call's user. In this context, never-exposed models are closed."""
    address = call["address"]
    request.httprequest.environ["REMOTE_ADDR"] = address
    request.httprequest.remote_addr = address
    request.geoip = GeoIP(address)
    state = envelope.state
    room = Room(state.answer_bytes, state.answer_records)
    reach = Reach(state.never_exposed, call["grant"], room, request.env)
    reach.is_bare = call["context"].get("bare", False)
    reach.deadline = envelope.deadline
    with entered(reach):
        request.update_env(user=call["uid"], context={})
        _require_active(request.env)
        if envelope.may_be_unstorable:
            check_text(call)
        request.update_env(context=call_context(request.env, call))
        yield request.env, reach


def _require_active(env):
    """Refuse users that were archived or deleted: the sidecar is notified only shortly after the commit."""
    if env.uid and not env["res.users"]._gateway_is_active(env.uid):
        raise RefusalError("auth.invalid", "Invalid or expired credentials")


def _commit(env, clock):
    env.cr.commit()
    env.registry.signal_changes()
    clock.disarm()


def _end_transaction(env, clock):
    """Raises if Postgres has ended the connection; the dispatcher then answers all callers."""
    env.cr.rollback()
    env.transaction.reset()
    env.registry.reset_changes()
    clock.disarm()


def _wait(retries, clock):
    """Sleep before each try except the first; False if there is no time for another try."""
    wait_s = random.uniform(0, min(MAX_WAIT_S, 0.01 * 2**retries)) if retries else 0  # noqa: S311
    if wait_s + MIN_TRY_S >= clock.left_s:
        return False
    time.sleep(wait_s)
    return True
