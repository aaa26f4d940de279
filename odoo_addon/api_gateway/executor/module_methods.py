"""Methods of modules. Whatever they do with their arguments, as superuser or not, everything that the arguments name is
checked first. A model's name counts as a use of that model; with an id it counts as a link. Values and domains are
checked as in other calls."""

import inspect
import re

from .code_and_rights import CALLABLE, CODE
from .documents import check_document
from .effects import effect_of
from .errors import OutOfReachError, RefusalError
from .method_rules import NOBODY, SYSTEM, rule_of
from .reach import CALL, READ, WRITE
from .special_methods import check_valid_domain
from .values import LINK as LINK_COMMAND
from .values import SET, check_values

LINK = re.compile(r"([a-z_][a-z0-9_.]*),([0-9]{1,10})")
ID = re.compile(r"(?P<prefix>\w*?)(?:(?:res|record|document|thread)_)?ids?")
FILES = re.compile(r"(?:\w+_)?attachment_ids?")
MODELS = ("res_model", "model", "model_name", "thread_model")
# Arguments with text that only people read.
TEXTS = frozenset(["body", "description", "feedback", "message", "note", "subject", "summary"])
VALUES = frozenset(["custom_values", "update_vals", "vals", "vals_list", "values", "values_list"])
SUBJECTS = ("model", "model_name", "res_model", "res_model_name")


def check_method(reach, records, name, bound):
    """Refuse a call whose arguments or records lead to something that this credential, or any caller, may not reach.

    :param bound: the `inspect.BoundArguments` of the call
    :raises OutOfReachError:
    :raises RefusalError: for links, `odoo.validation`"""
    rule = rule_of(records, name)
    _check_caller(reach, records, name, rule)
    for model_name, action in rule.needs:
        reach.require(model_name, action)
    arguments = _arguments(bound)
    _check_lengths(arguments, rule)
    actions = (effect_of(records, name), CALL)
    _check_named(reach, records.env, {key: arguments[key] for key in arguments if key not in TEXTS}, actions)
    _check_values(reach, records, arguments, rule)
    _check_domains(reach, records, arguments, rule)
    _check_subjects(reach, records, (rule.subject,) if rule.subject else (READ, *actions))
    if (records._name, name) == ("ir.default", "set"):
        _check_default(reach, records.env, arguments)


def _check_caller(reach, records, name, rule):
    is_code = reach.is_narrowed and CODE.match(records._name) and effect_of(records, name) == CALL
    if is_code and name not in CALLABLE.get(records._name, ()):
        reach.require(records._name, WRITE)
    if rule.only is None:
        return
    if rule.only == NOBODY:
        who = "No credential"
    elif rule.only == SYSTEM:
        who = "Only an administrator of Odoo with a credential without scopes or models"
    else:
        who = "Only a credential without scopes or models"
    is_system = records.env.user.has_group("base.group_system")
    if rule.only == NOBODY or reach.is_narrowed or (rule.only == SYSTEM and not is_system):
        raise OutOfReachError(
            f"The method {name} of {records._name} acts beyond its caller's rights. {who} may call it through the "
            "gateway.",
            model=records._name,
            method=name,
        )


def _check_lengths(arguments, rule):
    for name, most in rule.longest.items():
        if type(arguments.get(name)) is str and len(arguments[name]) > most:
            raise RefusalError(
                "odoo.arguments",
                f"The argument {name!r} has {len(arguments[name])} characters; at most {most} are possible.",
                argument=name,
                max=most,
            )


def _arguments(bound):
    """The arguments by name, including keywords that the method does not declare."""
    arguments = dict(list(bound.arguments.items())[1:])
    for name, parameter in bound.signature.parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD and name in arguments:
            arguments.update(arguments.pop(name))
    return arguments


def _check_named(reach, env, arguments, actions):
    """Models named anywhere in the arguments, and the records named with them."""
    unchecked = [arguments]  # a loop, not recursion: a body may be nested as deep as the JSON parser allows
    objects = []
    while unchecked:
        value = unchecked.pop()
        if type(value) is str:
            _check_text(reach, env, value, actions)
        elif type(value) in (list, tuple):
            unchecked.extend(value)
        elif type(value) is dict:
            unchecked.extend([*value, *value.values()])
            objects.append(value)
    for value in objects:
        _check_pairs(reach, env, value, actions)


def _check_text(reach, env, text, actions):
    if "." in text and text in env.registry:  # a single word is a model's name only under such a key
        reach.require_one(env, text, actions)
    elif (link := LINK.fullmatch(text)) and link[1] in env.registry:
        check_document(reach, env, link[1], int(link[2]))


def _check_pairs(reach, env, given, actions):
    for key, value in given.items():
        if type(key) is not str or not value:
            continue
        if FILES.fullmatch(key):
            check_document(reach, env, "ir.attachment", _linked(value), f"The argument {key}")
        elif key.endswith(("model", "model_name")) and type(value) is str and value in env.registry:
            reach.require_one(env, value, actions)  # including `website`, which is an ordinary word elsewhere
        elif key.endswith("model_id") and type(value) is int:
            if named := env["ir.model"].sudo().browse(value).exists().model:
                reach.require_one(env, named, actions)
        elif match := ID.fullmatch(key):
            ids = value if type(value) is list else [value]
            models = {
                given.get(match["prefix"] + name) for name in MODELS if type(given.get(match["prefix"] + name)) is str
            }
            for model_name in models & env.registry.models.keys():
                if not env.registry[model_name]._abstract and all(type(id_) is int for id_ in ids):
                    check_document(reach, env, model_name, ids, f"The argument {key}")


def _linked(value):
    """The ids in a list of ids, or in the commands of a many2many."""
    linked = []
    for item in value if type(value) is list else [value]:
        if type(item) is list and item and item[0] in (LINK_COMMAND, SET):
            named = item[1:2] if item[0] == LINK_COMMAND else item[2:3]
            linked += named[0] if named and type(named[0]) is list else named
        elif type(item) is not list:
            linked.append(item)
    return linked


def _check_values(reach, records, arguments, rule):
    for name, argument in arguments.items():
        if argument and (name in rule.values or name in VALUES):
            target = records.env[rule.values.get(name) or _target(records, arguments)]
            listed = argument if type(argument) is list else [argument]
            known = [_of(target, values) for values in listed if type(values) is dict]
            is_own = target._name == records._name and len(known) == 1 and records.ids
            check_values(reach, target, known, [records.ids] if is_own else None)
    if rule.keywords:
        model = records.env[rule.keywords]
        check_values(reach, model, [_of(model, arguments)])


def _of(model, values):
    """The values whose names are fields of the model."""
    return {name: value for name, value in values.items() if name in model._fields and name != "id"}


def _target(records, arguments):
    """The model of values and domains: the model named beside them, otherwise the called model."""
    for name in MODELS:
        if type(arguments.get(name)) is str and arguments[name] in records.env.registry:
            return arguments[name]
    return records._name


def _check_domains(reach, records, arguments, rule):
    for name, argument in arguments.items():
        if type(argument) is list and (name == "domain" or name in rule.domains):
            model_name = rule.domains.get(name, "")
            if model_name is not None:
                check_valid_domain(reach, records.env[model_name or _target(records, arguments)], argument)


def _check_subjects(reach, records, actions):
    """Check the subject of the records, such as a file's document or a template's model."""
    names = [
        name
        for name in SUBJECTS
        if (field := records._fields.get(name)) and field.type in ("char", "selection") and field.store
    ]
    if not names or not records.ids:
        return
    stored = records.sudo().exists()
    for model_name in {record[name] for record in stored for name in names} & records.env.registry.models.keys():
        reach.require_one(records.env, model_name, actions)


def _check_default(reach, env, arguments):
    """Check a default: it becomes a value of every record of the model that is created later."""
    model = reach.model(env, arguments.get("model_name"), WRITE)
    check_values(reach, model, [{arguments.get("field_name"): arguments.get("value")}])
