"""The world for random requests: companies, users, models with every type of field, rules; and its changes. Everything
follows from a seed, so that any request can be repeated.
"""

import random
from datetime import date, datetime, timedelta

WORDS = ["alpha", "Beta", "ÉCLAIR", "straße", "100%", "a_b", "back\\slash", "o'neil", '"quoted"', "日本", "zz top", "Beta"]
SELECTION = [("low", "Low"), ("mid", "Middle"), ("high", "High")]
MODELS = ("x_diff_ship", "x_diff_crew", "x_diff_port")
# A field of one of these types is added and removed while requests are made.
CHANGING = ("char", "text", "integer", "float", "boolean", "date", "datetime", "selection", "html")

SCALARS = [
    ("x_text", "text", {}),
    ("x_html", "html", {}),
    ("x_label", "char", {"translate": "standard"}),
    ("x_int", "integer", {}),
    ("x_float", "float", {}),
    ("x_amount", "monetary", {"currency_field": "x_currency_id"}),
    ("x_bool", "boolean", {}),
    ("x_date", "date", {}),
    ("x_at", "datetime", {}),
    ("x_level", "selection", {}),
    ("x_file", "binary", {}),
    ("x_rate", "float", {"company_dependent": True}),
    ("x_code", "char", {"company_dependent": True}),
    ("x_about", "reference", {}),
]
RELATIONS = [
    ("x_currency_id", "many2one", {"relation": "res.currency"}),
    ("x_company_id", "many2one", {"relation": "res.company"}),
    ("x_partner_id", "many2one", {"relation": "res.partner"}),
    ("x_user_id", "many2one", {"relation": "res.users"}),
    ("x_tag_ids", "many2many", {"relation": "res.partner.category"}),
]


def build(env, seed):
    """Creates the world and returns its users: [{"id", "login"}]. They have no key yet."""
    rng = random.Random(f"{seed}/world")
    env["res.lang"]._activate_lang("fr_FR")
    second = env["res.company"].create({"name": "Second Company"})
    companies = env.ref("base.main_company") + second
    env["res.groups"].create({"name": "Differential"})
    _build_models(env, rng)
    users = _build_users(env, companies)
    _build_access(env, rng)
    for model in MODELS:
        _create_records(env, rng, model, 40, users, companies)
    _build_real(env, rng, companies, users)
    return [{"id": user.id, "login": user.login} for user in users]


def _build_models(env, rng):
    """Fields are created in steps, because the fields from which others are computed or related must already exist."""
    models = env["ir.model"].create(
        [
            {
                "name": name,
                "model": name,
                "order": rng.choice(["id", "x_name", "x_int desc", "x_date, x_name desc"]),
                "field_id": [
                    (0, 0, {"name": field, "ttype": ttype, "field_description": field, **_with_selection(ttype), **options})
                    for field, ttype, options in [("x_name", "char", {}), ("x_active", "boolean", {}), *RELATIONS, *SCALARS]
                    if field != "x_label" or name != MODELS[2]
                ],
            }
            for name in MODELS
        ]
    )
    ship, crew, port = models
    env["ir.model.fields"].create(
        [
            {"model_id": crew.id, "name": "x_ship_id", "ttype": "many2one", "relation": MODELS[0], "on_delete": "cascade"},
            {"model_id": ship.id, "name": "x_port_id", "ttype": "many2one", "relation": MODELS[2]},
            {"model_id": ship.id, "name": "x_port_ids", "ttype": "many2many", "relation": MODELS[2]},
            {"model_id": port.id, "name": "x_parent_id", "ttype": "many2one", "relation": MODELS[2]},
        ]
    )
    env["ir.model.fields"].create(
        [
            {
                "model_id": ship.id,
                "name": "x_crew_ids",
                "ttype": "one2many",
                "relation": MODELS[1],
                "relation_field": "x_ship_id",
            }
        ]
    )
    env["ir.model.fields"].create(
        [
            {
                "model_id": crew.id,
                "name": "x_port_name",
                "ttype": "char",
                "related": "x_ship_id.x_port_id.x_name",
                "store": False,
                "readonly": True,
            },
            {
                "model_id": ship.id,
                "name": "x_double",
                "ttype": "integer",
                "depends": "x_int,x_crew_ids.x_int",
                "compute": "for record in self:\n  record['x_double'] = 2 * record.x_int + sum(record.x_crew_ids.mapped('x_int'))",
                "store": False,
                "readonly": True,
            },
        ]
    )


def _with_selection(ttype):
    if ttype == "selection":
        return {"selection_ids": [(0, 0, {"value": value, "name": name}) for value, name in SELECTION]}
    if ttype == "reference":
        return {"selection_ids": [(0, 0, {"value": model, "name": model}) for model in ("res.partner", "res.country")]}
    return {}


def _build_users(env, companies):
    first, second = companies
    groups = {
        "all": ["base.group_system", "base.group_partner_manager", "sales_team.group_sale_manager", "project.group_project_manager"],
        "seller": ["base.group_user", "sales_team.group_sale_salesman"],
        "elsewhere": ["base.group_user", "sales_team.group_sale_salesman_all_leads", "base.group_partner_manager"],
        "plain": ["base.group_user"],
        "projects": ["base.group_user", "project.group_project_user", "base.group_partner_manager"],
        "portal": ["base.group_portal"],
    }
    reach = {"all": companies, "elsewhere": second, "plain": companies}
    return env["res.users"].with_context(no_reset_password=True).create(
        [
            {
                "name": f"Differential {login}",
                "login": f"differential_{login}",
                "email": f"{login}@example.com",
                "lang": "fr_FR" if login == "elsewhere" else "en_US",
                "tz": "Europe/Paris" if login == "seller" else "UTC",
                "company_id": reach.get(login, first)[0].id,
                "company_ids": [(6, 0, reach.get(login, first).ids)],
                "group_ids": [(6, 0, [env.ref(name).id for name in names])],
            }
            for login, names in groups.items()
        ]
    )


def _build_access(env, rng):
    special = env["res.groups"].search([("name", "=", "Differential")])
    for name in MODELS:
        model = env["ir.model"]._get(name)
        for group in (env.ref("base.group_user"), special, env.ref("base.group_portal")):
            reads = rng.random() < 0.7 or group == special
            env["ir.model.access"].create(
                {"name": f"{name} {group.id}", "model_id": model.id, "group_id": group.id, "perm_read": reads}
            )
        for _ in range(2):
            _create_rule(env, rng, name)


def _create_rule(env, rng, model):
    domain = _random_rule(rng, model)
    groups = rng.choice([[], [], [env.ref("base.group_user").id], [env["res.groups"].search([("name", "=", "Differential")]).id]])
    env["ir.rule"].create(
        {
            "name": f"Differential on {model}",
            "model_id": env["ir.model"]._get_id(model),
            "domain_force": repr(domain) if type(domain) is list else domain,
            "groups": [(6, 0, groups)],
            "perm_write": False,
            "perm_create": False,
            "perm_unlink": False,
        }
    )


def _random_rule(rng, model):
    if not model.startswith("x_"):
        return rng.choice(
            [
                ["|", ("create_uid", "=", 1), ("id", "not in", [rng.randrange(10, 60) for _ in range(4)])],
                [("id", "not in", [rng.randrange(1, 80) for _ in range(8)])],
            ]
        )
    return rng.choice(
        [
            [("x_int", ">", rng.randrange(-40, 0))],
            "['|', ('x_company_id', '=', False), ('x_company_id', 'in', company_ids)]",
            "['|', ('x_user_id', '=', user.id), ('x_bool', '=', True)]",
            [("x_level", "!=", rng.choice(SELECTION)[0])],
            ["|", ("x_partner_id", "=", False), ("x_partner_id.is_company", "=", rng.random() < 0.5)],
            [("x_tag_ids", "=", False)],
            [("create_uid", "!=", 2)],
        ]
    )


def _create_records(env, rng, model, count, users, companies):
    for _ in range(count):
        author = rng.choice(users)
        values = {
            name: random_value(env, rng, field)
            for name, field in env[model]._fields.items()
            if name.startswith("x_") and field.store and field.type != "one2many" and name not in ("x_code", "x_rate")
        }
        record = env[model].with_user(author).sudo().create({**values, "x_active": rng.random() < 0.9})
        for company in companies:
            record.with_company(company).write(
                {name: random_value(env, rng, record._fields[name]) for name in ("x_code", "x_rate") if rng.random() < 0.6}
            )
        if "x_label" in values and rng.random() < 0.5:
            record.with_context(lang="fr_FR").x_label = f"fr {rng.choice(WORDS)}"


def random_value(env, rng, field):
    if rng.random() < 0.2:
        return False
    kind = field.type
    if kind in ("many2one", "many2many"):
        ids = env[field.comodel_name].with_context(active_test=False).search([], order="id", limit=30).ids
        if not ids:
            return False
        return rng.choice(ids) if kind == "many2one" else [(6, 0, rng.sample(ids, min(len(ids), rng.randrange(4))))]
    if kind == "reference":
        return f"{rng.choice(['res.partner', 'res.country'])},{rng.randrange(1, 6)}"
    return {
        "char": lambda: rng.choice([*WORDS, ""]),
        "text": lambda: "\n".join(rng.choices(WORDS, k=2)),
        "html": lambda: f"<p>{rng.randrange(9)} <b>bold</b></p>",
        "integer": lambda: rng.randrange(-50, 50),
        "float": lambda: rng.choice([0.0, 0.1, 1 / 3, -2.5, 1e15, rng.uniform(-100, 100)]),
        "monetary": lambda: round(rng.uniform(-100, 100), 2),
        "boolean": lambda: rng.random() < 0.5,
        "date": lambda: date(2024, 1, 1) + timedelta(days=rng.randrange(900)),
        "datetime": lambda: datetime(2024, 1, 1) + timedelta(minutes=rng.randrange(1_300_000)),
        "selection": lambda: rng.choice(SELECTION)[0],
        "binary": lambda: rng.choice([b"aGVsbG8=", b"AAECAw==", b"w6k="]),
    }[kind]()


def _build_real(env, rng, companies, users):
    """Demo data has one company and one language; properties are not in use."""
    partners = env["res.partner"].search([("user_ids", "=", False), ("ref_company_ids", "=", False)], order="id")
    for partner in partners:
        if rng.random() < 0.2:
            partner.company_id = rng.choice(companies)
        if rng.random() < 0.1:
            partner.active = False
    for tag in env["res.partner.category"].search([], order="id"):
        tag.with_context(lang="fr_FR").name = f"fr {tag.name}"
    project = env["project.project"].search([("task_ids", "!=", False)], order="id", limit=1)
    project.task_properties_definition = [
        {"name": "note", "string": "Note", "type": "char"},
        {"name": "due", "string": "Due", "type": "datetime"},
        {"name": "who", "string": "Who", "type": "many2one", "comodel": "res.partner"},
        {"name": "all", "string": "All", "type": "many2many", "comodel": "res.partner.category"},
        {"name": "kind", "string": "Kind", "type": "selection", "selection": [["a", "A"], ["b", "B"]]},
        {"name": "done", "string": "Done", "type": "boolean"},
    ]
    tags = env["res.partner.category"].search([], order="id")
    for task in project.task_ids.sorted("id"):
        if rng.random() < 0.7:
            task.task_properties = {
                "note": rng.choice([False, *WORDS]),
                "due": rng.choice([False, "2026-01-02 03:04:05"]),
                "who": rng.choice([False, *partners.ids[:5]]),
                "all": rng.sample(tags.ids, min(2, len(tags))),
                "kind": rng.choice([False, "a", "b"]),
                "done": rng.random() < 0.5,
            }


def change(env, seed, epoch, users):
    """Changes rights, rules or records; in every sixth epoch, fields. Returns a sentence about the change."""
    rng = random.Random(f"{seed}/change/{epoch}")
    users = env["res.users"].browse([user["id"] for user in users])
    if epoch % 6 == 1:
        return _change_fields(env, rng)
    return rng.choice([_change_group, _change_rule, _add_rule, _change_access, _change_companies, _change_records])(env, rng, users)


def _change_fields(env, rng):
    """Adds a field, removes it, or replaces it with a field of the same name and another type."""
    model = rng.choice(MODELS)
    fields = env["ir.model.fields"]
    name = "x_changing"
    old = fields.search([("model", "=", model), ("name", "=", name)])
    if old and rng.random() < 0.25:
        old.unlink()
        return f"{model}.{name} is gone"
    kind = rng.choice([kind for kind in CHANGING if kind != old.ttype])
    was = old.ttype
    old.unlink()
    fields.create(
        {
            "model_id": env["ir.model"]._get_id(model),
            "name": name,
            "field_description": name,
            "ttype": kind,
            **_with_selection(kind),
        }
    )
    for record in env[model].with_context(active_test=False).search([], order="id"):
        record[name] = random_value(env, rng, record._fields[name])
    return f"{model}.{name} is {kind} instead of {was}"


def _change_group(env, rng, users):
    user = rng.choice(users)
    names = ["sales_team.group_sale_salesman", "project.group_project_user", "base.group_partner_manager"]
    group = rng.choice([env["res.groups"].search([("name", "=", "Differential")]), *map(env.ref, names)])
    if user.share:
        group = env["res.groups"].search([("name", "=", "Differential")])
    has = group in user.group_ids
    user.group_ids = [(3 if has else 4, group.id)]
    return f"{user.login} {'leaves' if has else 'enters'} {group.name}"


def _change_rule(env, rng, _users):
    rules = env["ir.rule"].with_context(active_test=False).search([("name", "like", "Differential on ")], order="id")
    rule = rng.choice(rules)
    if rng.random() < 0.5:
        rule.active = not rule.active
        return f"the rule {rule.domain_force} {rule.name} is {'on' if rule.active else 'off'}"
    domain = _random_rule(rng, rule.model_id.model)
    rule.domain_force = repr(domain) if type(domain) is list else domain
    return f"a rule {rule.name} becomes {rule.domain_force}"


def _add_rule(env, rng, _users):
    model = rng.choice([*MODELS, "res.partner", "res.country", "sale.order", "product.template", "project.task"])
    _create_rule(env, rng, model)
    return f"a rule on {model} is added"


def _change_access(env, rng, _users):
    access = rng.choice(env["ir.model.access"].search([("model_id.model", "in", MODELS)], order="id"))
    access.perm_read = not access.perm_read
    return f"reading {access.name} is {'allowed' if access.perm_read else 'forbidden'}"


def _change_companies(env, rng, users):
    user = rng.choice(users)
    companies = env["res.company"].search([], order="id", limit=2)
    others = companies - user.company_id
    has = bool(others & user.company_ids)
    user.company_ids = [(3 if has else 4, company.id) for company in others]
    return f"{user.login} is in {len(user.company_ids)} companies"


def _change_records(env, rng, users):
    model = rng.choice(MODELS)
    records = env[model].with_context(active_test=False).search([], order="id")
    for record in rng.sample(list(records), 8):
        names = [name for name, field in record._fields.items() if name.startswith("x_") and field.store and field.type != "one2many"]
        name = rng.choice(names)
        record[name] = random_value(env, rng, record._fields[name])
    rng.choice(records).unlink()
    _create_records(env, rng, model, 2, users, env["res.company"].search([], order="id", limit=2))
    return f"records of {model} are changed, deleted and created"
