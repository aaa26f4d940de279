"""The operation `compile`: turns a read with slots for its values into a statement that the sidecar can run by itself,
or into the reason why Odoo must be asked."""

import hashlib
import hmac
import json
import logging

from odoo.exceptions import AccessError, UserError

from ..arguments import required
from ..errors import OutOfReachError, RefusalError
from ..languages import spoken
from ..state import current_state
from .calls import domain_of, draft_call
from .hooks import compiling, no_statements
from .overrides import Overrides
from .plan import check_context, draft_read, draft_search
from .refusals import NotCompilableError
from .relations import grant_reading, relations_of
from .rules import check_unread_by_rules
from .sentinels import Sentinels
from .statement import render
from .values import check_values
from .versions import versions_of

_logger = logging.getLogger(__name__)

DRAFTS = {"call": draft_call, "read": draft_read, "search": draft_search}
REFUSED = {
    "odoo.domain": "domain",
    "odoo.field": "field",
    "odoo.model": "model",
    "odoo.order": "order",
    "request.too_complex": "budget",
}


def compile_read(env, reach, operation):
    """A plan with its signature, or `refused`. Never raises an error about the read itself.

    :param operation: `read` is an operation `search`, `read` or `call` as for the executor, but with slots for
    values"""
    try:
        plan = _compiled(env, reach, required(operation, "read"))
    except NotCompilableError as exc:
        return _refused(exc.why, exc.what)
    except OutOfReachError:
        return _refused("rights")
    except RefusalError as exc:
        return _refused(REFUSED.get(exc.reason, "error"))
    except AccessError:
        return _refused("rights")
    except UserError:
        return _refused("domain")
    except Exception:
        _logger.info("A read could not be compiled", exc_info=True)
        return _refused("error")
    text = json.dumps(plan, ensure_ascii=False, separators=(",", ":"))
    secret = current_state(env.cr).secrets[0]
    return {"plan_text": text, "signature": hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()}


def _refused(why, what=""):
    return {"refused": {"why": why, "what": what}}


def _compiled(env, reach, read):
    draft = DRAFTS.get(read.get("op"))
    if draft is None:
        raise NotCompilableError("context", str(read.get("op")))
    check_context(env)
    env.companies  # noqa: B018  # only this access refuses companies that the user does not have
    model = reach.known(env, required(read, "model"))
    overrides = Overrides(env)
    overrides.check_model(model._name)
    check_values(model, domain_of(read) if read["op"] == "call" else read.get("domain"))
    first, _ = _pass(env, reach, read, draft, overrides, salt=1)
    env.invalidate_all()
    _look_at_companies(env)
    with no_statements(env.cr):
        second, made = _pass(env, reach, read, draft, overrides, salt=2)
    if first != second:
        raise NotCompilableError("values")
    text, parameters = second
    check_unread_by_rules(made.levels.all)
    relations = relations_of(env, reach, overrides, made.sql)
    versions = versions_of(env)
    grant_reading(env, relations)
    return {
        "uid": env.uid,
        "database": current_state(env.cr).database_uuid,
        "text": text,
        "parameters": parameters,
        "flat": made.is_flat,
        "levels": [level.described(reach.room.most_records) for level in made.levels.all],
        "relations": relations,
        "versions": versions,
        "languages": spoken(env, [read]),
        **made.about,
    }


def _look_at_companies(env):
    """Compiling reads the user's companies. The plan need not record that, because every change to companies discards
    all plans."""
    env.user.with_context(prefetch_fields=False).company_id.id  # noqa: B018
    env.company.sudo().root_id.id  # noqa: B018


def _pass(env, reach, read, draft, overrides, salt):
    """((text, parameters), the statement from which these were made)"""
    sentinels = Sentinels(salt)
    reach.budget.begin()
    with compiling(sentinels, overrides):
        made = draft(env, reach, overrides, sentinels.stand_in(read))
    return render(env.cr, made.sql, sentinels), made
