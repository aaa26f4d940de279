"""Domains and orders of callers: everything that they name is checked before the ORM sees them."""

import re

from odoo.models import BaseModel
from odoo.orm.utils import READ_GROUP_NUMBER_GRANULARITY

from .budget import check_length, joins_of, joins_of_order
from .days import with_exact_days
from .errors import RefusalError
from .reach import READ

# All operators of the ORM except `any!` and `not any!`, which skip record rules.
OPERATORS = frozenset(
    f"{negation}{operator}"
    for negation in ("", "not ")
    for operator in ("in", "any", "like", "ilike", "=like", "=ilike")
) | {"=", "!=", "<>", "==", "=?", "<", ">", "<=", ">=", "child_of", "parent_of"}
HIERARCHIES = frozenset(["child_of", "parent_of"])
SUBQUERIES = HIERARCHIES | {"any", "not any"}
ARITY = {"&": 2, "|": 2, "!": 1}
DATE_PARTS = READ_GROUP_NUMBER_GRANULARITY.keys()
NUMBERS = frozenset(["integer", "float", "monetary", "many2one_reference"])
MAX_TERMS = 500
MAX_NESTING = 10
MAX_TIMES = 1_000
MAX_ORDER_TERMS = 32
ORDER_TERM = re.compile(r"\s*([a-z0-9_]+)(?:\.([a-z0-9_]+))?(?:\s+(?:asc|desc))?(?:\s+nulls (?:first|last))?\s*", re.I)


def check_domain(reach, model, domain):
    """Refuse domains that a caller may not use. Conditions that compare times with plain dates are replaced in the list
    itself (`days.py`)."""
    _check_terms(reach, model, domain, _Size())


class _Size:
    """The size of the part of a domain that was checked so far, including the domains inside it."""

    def __init__(self):
        self.terms = 0
        self.times = 0
        self.nesting = 0

    def add(self, domain):
        self.terms += len(domain)
        if self.terms > MAX_TERMS:
            raise RefusalError("odoo.domain", f"A domain may have at most {MAX_TERMS} terms.")
        if self.nesting > MAX_NESTING:
            raise RefusalError("odoo.domain", f"A domain may be nested at most {MAX_NESTING} levels deep.")

    def add_times(self, value):
        """Count a comparison with a time: Postgres gets two conditions for each."""
        self.times += len(value) if type(value) is list else 1
        if self.times > MAX_TIMES:
            raise RefusalError("odoo.domain", f"A domain may compare times with at most {MAX_TIMES} values.")


def _check_terms(reach, model, domain, size):
    if type(domain) is not list:
        raise RefusalError("odoo.domain", "A domain must be a list of conditions.")
    size.add(domain)
    # Polish notation, read from the end as the ORM does: an operator needs its operands after it.
    ready = 0
    known = set()
    meant = []
    for term, place in zip(reversed(domain), reversed(_alternatives(domain)), strict=True):
        meant.append([term])
        if type(term) is str and term in ARITY:
            if ready < ARITY[term]:
                raise RefusalError("odoo.domain", f"The operator {term!r} in the domain is missing an operand.")
            ready -= ARITY[term] - 1
        else:
            ready += 1
            alternative = (place, term[0]) if place is not None and _is_ids(term) else None
            if alternative is None or alternative not in known:
                field = _check_condition(reach, model, term, size)
                if alternative and field.relational:
                    known.add(alternative)
                if field and field.type == "datetime" and term[0].rpartition(".")[2] == field.name:
                    size.add_times(term[2])
                    meant[-1] = with_exact_days(model.env, *term) or [term]
    domain[:] = [term for terms in reversed(meant) for term in terms]


def check_order(reach, model, order):
    if type(order) is not str:
        raise RefusalError("odoo.order", "A sort order must be a string of field names.")
    terms = order.split(",")
    if len(terms) > MAX_ORDER_TERMS:
        raise RefusalError("odoo.order", f"A sort order may have at most {MAX_ORDER_TERMS} fields, not {len(terms)}.")
    for term in terms:
        match = ORDER_TERM.fullmatch(term)
        if not match:
            raise RefusalError("odoo.order", f"The sort order has a malformed term: {term.strip()!r}.")
        name, part = match.groups()
        field = reach.field(model, name)
        model._check_field_access(field, "read")
        if not field._description_sortable(model.env):
            raise RefusalError("odoo.order", f"Records of {model._name} cannot be sorted by {name}.", field=name)
        if part and not (field.type == "properties" or (field.type == "many2one" and part == "id")):
            raise RefusalError("odoo.order", f"The order cannot go through {name}.{part}.", field=name)
        reach.budget.join(joins_of_order(model, term), 0, name)
        if not part:
            check_sorting(reach, model, field)


def check_sorting(reach, model, field, seen=()):
    """Check the order of the other model when records are sorted by a relation, because the result reveals that model's
    fields."""
    if field.type != "many2one" or field in seen or not reach.is_narrowed:
        return
    comodel = model.env[field.comodel_name]
    for term in comodel._order.split(","):
        if match := ORDER_TERM.fullmatch(term):
            reach.require_shown(comodel, match[1])
            if not match[2] and match[1] in comodel._fields:
                check_sorting(reach, comodel, comodel._fields[match[1]], (*seen, field))


def check_name_search(reach, model, seen=()):
    """Check a string that is compared with a record. Odoo searches not only the name, but also the fields that the
    model lists, such as an e-mail address or a tax number, or any that the model's own code searches."""
    if model._name in seen:
        return
    if type(model)._search_display_name is not BaseModel._search_display_name:
        reach.require(model._name, READ)
    for path in model._rec_names_search or ([model._rec_name] if model._rec_name else []):
        reach.require_shown(model, path)
        owner, field = model, None
        for name in path.split("."):
            owner = owner if field is None else reach.step(owner, field, name)
            field = reach.field(owner, name)
            owner._check_field_access(field, "read")
        if field.relational:
            check_name_search(reach, model.env[field.comodel_name], (*seen, model._name))


def _check_condition(reach, model, term, size):
    """The field that the condition compares; None for a constant."""
    if type(term) is not list or len(term) != 3:
        raise RefusalError("odoo.domain", f"The domain has a malformed term: {_shorten(term)}.")
    path, operator, value = term
    if type(path) is int and operator == "=" and path in (0, 1) and value == 1:
        return None
    if type(path) is not str or not path:
        raise RefusalError("odoo.domain", f"The domain has a condition without a field: {_shorten(term)}.")
    if type(operator) is not str or operator not in OPERATORS:
        raise RefusalError("odoo.domain", f"The domain has an unknown operator: {_shorten(operator)}.", field=path)
    field, comodel = _check_path(reach, model, path)
    if field.name == "display_name":
        check_name_search(reach, model.env[field.model_name])
    if searches := _searches(model, field, comodel, operator, value):
        reach.budget.join(searches, 0, path)
    if operator in ("any", "not any"):
        if comodel is None:
            raise RefusalError(
                "odoo.domain", f"The operator {operator!r} needs a relation, but {path} is not one.", field=path
            )
        _check_any(reach, comodel, value, size)
        return field
    values = value if type(value) is list else [value]
    if field.relational and (operator.endswith("like") or any(type(item) is str for item in values)):
        check_name_search(reach, comodel)
    if operator in HIERARCHIES and comodel is not None:
        # The values need no check: `child_of` and `parent_of` treat all that is not an id as a name to search for.
        reach.require(comodel._name, READ)
    else:
        is_number = field.type in NUMBERS and not operator.endswith("like")
        if not all(_is_number(item) if is_number else type(item) not in (list, dict) for item in values):
            raise RefusalError("odoo.domain", f"The domain cannot compare {path} with {_shorten(value)}.", field=path)
    return field


def _check_any(reach, comodel, value, size):
    size.nesting += 1
    _check_terms(reach, comodel, value, size)
    size.nesting -= 1
    reach.require_shown(
        comodel, *(term[0].partition(".")[0] for term in value if type(term) is list and type(term[0]) is str)
    )


def _searches(model, field, comodel, operator, value):
    """The number of searches for other records that the comparison needs. With `child_of`, each name is a search, and
    so is each name in a list if the model's own code does the search."""
    names = sum(type(item) is str for item in (value if type(value) is list else [value]))
    if operator in HIERARCHIES:
        return max(names, 1)
    if field.name == "display_name":
        comodel = model.env[field.model_name]
    elif not field.relational:
        return 0
    if names > 1 and type(comodel)._search_display_name is not BaseModel._search_display_name:
        return names
    return int(field.type == "many2one" and (names > 0 or operator in SUBQUERIES))


def _is_ids(term):
    """Whether the ORM merges this condition with similar conditions joined by `|`."""
    if type(term) is not list or len(term) != 3 or type(term[0]) is not str or term[1] not in ("=", "in"):
        return False
    return all(type(item) is int for item in (term[2] if type(term[2]) is list else [term[2]]))


def _alternatives(domain):
    """For each term, the position of the outermost `|` around it; None if there is no `|` around it."""
    places, lacking = [], []
    for position, term in enumerate(domain):
        place = lacking[-1][0] if lacking else None
        if type(term) is str and term in ARITY:
            places.append(None)
            is_either = term == "|"
            lacking.append([(position if place is None else place) if is_either else None, ARITY[term]])
            continue
        places.append(place)
        while lacking:
            lacking[-1][1] -= 1
            if lacking[-1][1]:
                break
            lacking.pop()
    return places


def _is_number(value):
    if type(value) is str:
        try:
            float(value)
        except ValueError:
            return False
    return type(value) not in (list, dict)


def _check_path(reach, model, path):
    """Walk a dotted path. Returns its last field and the model behind it (None if the field is not a relation)."""
    names = path.split(".")
    check_length(path, names)
    for position, name in enumerate(names):
        field = reach.field(model, name)
        model._check_field_access(field, "read")
        if not field._description_searchable:
            raise RefusalError("odoo.domain", f"The field {name} of {model._name} cannot be searched.", field=path)
        rest = names[position + 1 :]
        reach.budget.join(*joins_of(model, field, is_last=not rest), path)
        if not rest:
            break
        if not field.relational:
            _check_part(model, field, rest, path)
            return field, None
        model = reach.step(model, field, rest[0])
    if names[-1] == "id":
        return field, model
    return field, model.env[field.comodel_name] if field.relational else None


def _check_part(model, field, rest, path):
    is_date_part = field.type in ("date", "datetime") and len(rest) == 1 and rest[0] in DATE_PARTS
    if not is_date_part and not (field.type == "properties" and len(rest) == 1):
        raise RefusalError(
            "odoo.domain",
            f"The domain cannot go through {path}: {field.name} of {model._name} is not a relation.",
            field=path,
        )


def _shorten(value):
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
