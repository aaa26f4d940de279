"""Random requests: a user with a URL and headers, and the equivalent question for the ORM."""

import json
import random
from datetime import date, timedelta
from urllib.parse import quote, urlencode

from expectation import BELONGS, is_accessible, is_hidden
from world import MODELS, WORDS

# Fields that change with each read, take seconds, or are made from a picture.
VOLATILE = frozenset(
    [
        "access_token",
        "access_url",
        "im_status",
        "offline_since",
        "login_date",
        "tz_offset",
        "log_ids",
        "arch",
        "arch_base",
        "arch_db",
        "arch_prev",
        "raw",
        "datas",
        "db_datas",
        "index_content",
        # in seconds, relative to now
        "duration_tracking",
        # in the arbitrary order of a set
        "fiscal_country_codes",
        "fiscal_country_group_codes",
    ]
)
VOLATILE_PREFIXES = ("image_", "avatar_", "signup_", "totp_", "session_", "activity_", "website_", "passkey", "auth_")
# Models whose records other requests, other users or the mere passing of time may change before the answers are compared; and
# `ir.model.data`, which shows the names of never-exposed records.
UNSTEADY = ("ir.model.data", "bus.", "res.users.log", "res.users.settings", "mail.presence", "res.device", "ir.logging", "ir.profile", "mail.guest")


class Generator:
    def __init__(self, env):
        """`env` is the superuser's, so requests are about all records, even those that the caller may not read."""
        self.env = env
        self.models = sorted(
            name
            for name, model in env.registry.items()
            if model._auto
            and not (model._abstract or model._transient or is_hidden(name) or name.startswith(("_", *UNSTEADY, *MODELS)))
        )
        tables = " union all ".join(
            f"select '{name}' where exists (select from {env.registry[name]._table})" for name in self.models
        )
        env.cr.execute(tables)
        filled = {name for (name,) in env.cr.fetchall()}
        self.models = [name for name in self.models if name in filled]

    def case(self, seed, number, users, companies):
        rng = random.Random(f"{seed}/{number}")
        user = rng.randrange(len(users))
        headers, context = _header(rng, companies)
        own = self.env(user=users[user]["id"])["res.users"].context_get()
        context = {**{key: own[key] for key in ("lang", "tz")}, **context}
        model = self._choose_model(rng, users[user]["id"])
        asking = _Asking(rng, model)
        kind = rng.choices(["list", "one", "pages", "wrong", "call"], [64, 14, 10, 6, 6])[0]
        if kind == "call" and model._name in BELONGS:
            kind = "list"
        path, question = getattr(asking, kind)()
        return {
            "number": number,
            "user": user,
            "path": path,
            "headers": headers,
            "body": question.pop("body", None),
            "question": {**question, "uid": users[user]["id"], "context": context},
        }

    def _choose_model(self, rng, uid):
        """Returns a model, in most cases one that the user may read, because a refusal proves little."""
        for _ in range(8):
            name = rng.choice(MODELS) if rng.random() < 0.5 else rng.choice(self.models)
            model = self.env[name].with_user(uid)
            if model.has_access("read"):
                break
        return model


def _header(rng, companies):
    headers, context = {}, {}
    if rng.random() < 0.4:
        headers["Accept-Language"], lang = rng.choice(
            [("fr", "fr_FR"), ("fr-FR,en;q=0.5", "fr_FR"), ("de", None), ("de, en;q=0.8", "en_US"), ("en-US", "en_US")]
        )
        if lang:
            context["lang"] = lang
    if rng.random() < 0.2:
        chosen = rng.choice([[companies[0]], [companies[1]], companies, companies[::-1]])
        headers["X-Odoo-Company"] = ",".join(map(str, chosen))
        context["allowed_company_ids"] = chosen
    if rng.random() < 0.2:
        headers["X-Odoo-Timezone"] = context["tz"] = rng.choice(["Europe/Paris", "Pacific/Auckland", "UTC"])
    return headers, context


class _Asking:
    """A request for records of one model, by one user."""

    def __init__(self, rng, model):
        self.rng = rng
        self.model = model

    def list(self):
        question = {
            "kind": "list",
            "model": self.model._name,
            "tree": self._tree_or_none(),
            "order": self._order(),
            "limit": self.rng.choice([None, 1, 2, 5, 10, 20]) if self.is_custom else self.rng.randrange(1, 12),
            "offset": self.rng.choice([0, 0, 0, 1, 3, 30]),
            "count": self.rng.random() < 0.2,
        }
        parameters = {}
        domain = self._domain(self.model, 0) if self.rng.random() < 0.6 else []
        if domain:
            parameters["domain"] = json.dumps(domain)
        conditions = {}
        while self.rng.random() < 0.2:
            if filter_ := self._filter():
                name, text, condition = filter_
                # filter[name] and filter[name][eq] are the same parameter, and may be given once.
                if conditions.setdefault(name.removesuffix("[eq]"), condition) is condition:
                    parameters[name] = text
        for name in ("order", "limit", "offset"):
            if question[name]:
                parameters[name] = question[name]
        if question["count"]:
            parameters["count"] = "exact"
        question["limit"] = question["limit"] or 80
        return self._url(self.model._name, question["tree"], parameters), {**question, "domain": [*conditions.values(), *domain]}

    def one(self):
        ids = _ids(self.model, 60)
        id_ = self.rng.choice([*ids, 2**30] if ids else [1])
        tree = self._tree_or_none()
        return self._url(f"{self.model._name}/{id_}", tree, {}), {
            "kind": "one",
            "model": self.model._name,
            "id": id_,
            "tree": tree,
        }

    def pages(self):
        order, tree = self._order(), self._tree_or_none()
        domain = self._domain(self.model, 0) if self.rng.random() < 0.5 else []
        limit = self.rng.randrange(1, 8)
        parameters = {"limit": limit, **({"order": order} if order else {}), **({"domain": json.dumps(domain)} if domain else {})}
        return self._url(self.model._name, tree, parameters), {
            "kind": "pages",
            "model": self.model._name,
            "domain": domain,
            "order": order,
            "limit": limit,
            "pages": 4,
            "tree": tree,
        }

    def call(self):
        """One of the ORM's own reading methods, by `/call`."""
        method = self.rng.choice(["search_read", "search", "search_count", "read"])
        fields = self._fields(self.model, lambda field: field.store and field.type in _CALLED)
        fields = self.rng.sample(fields, min(len(fields), 4)) or ["id"]
        kwargs = {"domain": self._domain(self.model, 0) if self.rng.random() < 0.6 else []}
        if method == "read":
            ids = _ids(self.model, 20) or [1]
            kwargs = {"ids": self.rng.sample(ids, min(len(ids), 3)), "fields": fields}
        elif method != "search_count":
            kwargs |= {"limit": self.rng.randrange(1, 12), "offset": self.rng.choice([0, 0, 2]), "order": "id desc"}
        if method == "search_read":
            kwargs["fields"] = fields
        question = {"kind": "call", "model": self.model._name, "method": method}
        body = {**question, "args": [kwargs.pop("ids")] if method == "read" else [], "kwargs": kwargs}
        del body["kind"]
        return "/call", {**body, **question, "body": body}

    def wrong(self):
        """Requests that must be refused: with a forbidden model, field, condition or order."""
        forbidden = [
            name
            for name, field in sorted(self.model._fields.items())
            if not is_accessible(self.model, field) and not (field.relational and is_hidden(field.comodel_name))
        ]
        name = self.rng.choice(forbidden) if forbidden else None
        model = self.model._name
        question = {"kind": "list", "model": model, "domain": [], "order": None, "limit": 80, "offset": 0, "count": False, "tree": {}}
        if name is None or self.rng.random() < 0.3:
            hidden = self.rng.choice(["res.users.apikeys", "ir.cron", "ir.rule", "gateway.key", "change.password.user"])
            return f"/api/v1/{hidden}", {**question, "model": hidden, "must_be": 403}
        if self.rng.random() < 0.5 or not self.model._fields[name].store:
            return self._url(model, {name: None}, {}), {**question, "tree": {name: None}}
        domain = [[name, "!=", False]]
        # The ORM has no rule about secrets: if the field is required, the condition is always true, and the ORM answers.
        question.update(domain=domain, tree={"id": None}, must_be=403)
        return self._url(model, {"id": None}, {"domain": json.dumps(domain)}), question

    @property
    def is_custom(self):
        return self.model._name in MODELS

    def _url(self, path, tree, parameters):
        if tree is not None:
            parameters = {"fields": ",".join(_paths(tree)), **parameters}
        return f"/api/v1/{path}" + (f"?{urlencode(parameters, quote_via=quote)}" if parameters else "")

    def _tree_or_none(self):
        return None if self.rng.random() < 0.2 else self._tree(self.model, 0)

    def _fields(self, model, wanted):
        return [
            name
            for name, field in sorted(model._fields.items())
            if name not in VOLATILE
            and not name.startswith(VOLATILE_PREFIXES)
            and is_accessible(model, field)
            and wanted(field)
        ]

    def _tree(self, model, depth):
        stored = self._fields(model, lambda field: field.store)
        chosen = self.rng.sample(stored, min(len(stored), self.rng.randrange(1, 6)))
        computed = self._fields(model, lambda field: not field.store)
        if computed and self.rng.random() < 0.4:
            chosen += self.rng.sample(computed, 1)
        tree = {}
        for name in chosen:
            field = model._fields[name]
            tree[name] = None
            if field.relational and depth < 2 and self.rng.random() < 0.5:
                comodel = model.env[field.comodel_name]
                # Many lines, each with many lines, would take as long as all other cases together.
                if field.type == "many2one" or depth < 1 or comodel._name in MODELS:
                    tree[name] = self._tree(comodel, depth + 1)
        return tree

    def _order(self):
        sortable = self._fields(self.model, lambda field: field.store and field._description_sortable(self.model.env))
        if not sortable or self.rng.random() < 0.4:
            return None
        terms = [
            name + self.rng.choice(["", "", " asc", " desc", " desc", " nulls first", " desc nulls last"])
            for name in self.rng.sample(sortable, min(len(sortable), self.rng.randrange(1, 4)))
        ]
        return ", ".join(terms)

    def _domain(self, model, depth):
        """Polish notation, with its operators in front or left out."""
        terms = [self._condition(model, depth) for _ in range(self.rng.randrange(1, 4))]
        terms = [term for term in terms if term]
        if not terms:
            return []
        domain = [terms[0]]
        for term in terms[1:]:
            joint = self.rng.choice([[], ["&"], ["|"], ["|"]])
            # Without an operator, the existing terms and the new one are joined by "and".
            domain = [*joint, *domain, term] if joint or len(domain) == 1 else ["&", *domain, term]
        if self.rng.random() < 0.15 and (len(domain) == 1 or domain[0] in ("&", "|")):
            domain = ["!", *domain]
        return domain

    def _condition(self, model, depth):
        names = self._fields(model, lambda field: field.store and field._description_searchable)
        names = [name for name in names if model._fields[name].type not in ("binary", "properties", "properties_definition", "json")]
        if not names:
            return None
        name = self.rng.choice(names)
        field = model._fields[name]
        if field.relational and depth < 2 and self.rng.random() < 0.4:
            comodel = model.env[field.comodel_name]
            inner = self._condition(comodel, depth + 1)
            if inner and self.rng.random() < 0.5 and inner[0] != "id":
                return [f"{name}.{inner[0]}", *inner[1:]]
            if inner:
                return [name, self.rng.choice(["any", "not any"]), [inner]]
        return [name, *self._comparison(model, field)]

    def _comparison(self, model, field):
        rng, kind = self.rng, field.type
        if kind in ("char", "text", "html", "reference"):
            if rng.random() < 0.1:
                return [rng.choice(["=", "!="]), False]
            operator = rng.choice(["=", "!=", "in", "not in", "like", "ilike", "not ilike", "=like", "=ilike", "not like"])
            word = rng.choice([*WORDS, "a", "e", "A%", "b_ta"])
            return [operator, [word, rng.choice(WORDS)] if operator in ("in", "not in") else word]
        if kind == "boolean":
            return [rng.choice(["=", "!="]), rng.random() < 0.5]
        if kind == "selection":
            keys = [key for key in field.get_values(model.env) if type(key) is str] or ["none"]
            operator = rng.choice(["=", "!=", "in", "not in"])
            return [operator, rng.sample(keys, 1) if "in" in operator else rng.choice([*keys, False])]
        if field.relational:
            ids = _ids(model.env[field.comodel_name], 20) or [1]
            operator = rng.choice(["=", "!=", "in", "not in", "ilike", "child_of", "parent_of"])
            if operator == "ilike":
                return [operator, rng.choice(["a", "Beta", "z"])]
            return [operator, rng.sample(ids, min(2, len(ids))) if "in" in operator else rng.choice([*ids, False])]
        operator = rng.choice(["=", "!=", "<", ">", "<=", ">="])
        if kind in ("date", "datetime"):
            day = date(2024, 1, 1) + timedelta(days=rng.randrange(1100))
            return [operator, f"{day} 10:00:00" if kind == "datetime" else str(day)]
        if rng.random() < 0.2:
            return [rng.choice(["in", "not in"]), [rng.randrange(-50, 60), rng.randrange(60)]]
        return [operator, rng.choice([rng.randrange(-50, 60), 0, 0.5]) if kind != "integer" else rng.randrange(-50, 60)]

    def _filter(self):
        """Returns (parameter, text, condition): the same filter as `filter[…]` and as a condition of a domain."""
        rng, model = self.rng, self.model
        names = self._fields(model, lambda field: field.store and field._description_searchable)
        names = [name for name in names if model._fields[name].type in _FILTERS]
        if not names:
            return None
        name = rng.choice(names)
        if rng.random() < 0.15:
            is_empty = rng.random() < 0.5
            return f"filter[{name}][null]", "true" if is_empty else "false", [name, "=" if is_empty else "!=", False]
        text, value, operators = _FILTERS[model._fields[name].type](rng)
        operator = rng.choice(operators)
        symbol = {"eq": "=", "ne": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}.get(operator, operator)
        parameter = f"filter[{name}]" if operator == "eq" and rng.random() < 0.5 else f"filter[{name}][{operator}]"
        if operator in ("like", "ilike", "starts"):
            literal = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            return parameter, text, [name, "=ilike", f"{literal}%"] if operator == "starts" else [name, operator, literal]
        return parameter, text, [name, symbol, value]


def _ids(model, most):
    """Reads ids from the table, because a few models of Odoo cannot be searched without a condition."""
    if not model._auto:
        return []
    model.env.cr.execute(f"select id from {model._table} order by id limit {most}")
    return [id_ for (id_,) in model.env.cr.fetchall()]


def _word(rng):
    word = rng.choice(WORDS)
    return word, word, ["eq", "ne", "like", "ilike", "starts"]


def _moment(rng):
    """Uses a time zone one hour east of UTC."""
    day = date(2024, 1, 1) + timedelta(days=rng.randrange(1100))
    return f"{day}T10:30:00+01:00", f"{day} 09:30:00", ["gt", "gte", "lt", "lte"]


def _day(rng):
    day = str(date(2024, 1, 1) + timedelta(days=rng.randrange(1100)))
    return day, day, ["eq", "gt", "lte"]


def _whole(rng):
    number = rng.randrange(-50, 60)
    return str(number), number, ["eq", "ne", "gt", "gte", "lt", "lte"]


def _id(rng):
    id_ = rng.randrange(1, 40)
    return str(id_), id_, ["eq", "ne"]


def _truth(rng):
    is_true = rng.random() < 0.5
    return str(is_true).lower(), is_true, ["eq", "ne"]


_FILTERS = {
    "char": _word,
    "text": _word,
    "integer": _whole,
    "float": _whole,
    "monetary": _whole,
    "boolean": _truth,
    "date": _day,
    "datetime": _moment,
    "many2one": _id,
    "many2many": _id,
}


# Types that the ORM's own `read` returns unchanged.
_CALLED = ("boolean", "char", "date", "datetime", "float", "integer", "many2one", "monetary", "selection", "text")


def _paths(tree, prefix=""):
    paths = []
    for name, inner in tree.items():
        paths.extend([f"{prefix}{name}"] if inner is None else _paths(inner, f"{prefix}{name}."))
    return paths
