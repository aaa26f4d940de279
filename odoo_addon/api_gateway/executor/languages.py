"""Chooses the language of a call. Languages may be written in Odoo's form (`fr_FR`, `sr@latin`) or the standard's
(`fr-FR`, `sr-Latn`, RFC 5646)."""

import re
from typing import NamedTuple

from .effects import effect_of
from .errors import RefusalError
from .reach import READ

READING = frozenset(["aggregate", "search", "read", "compile", "explain", "models", "describe", "types"])
TAG = re.compile(r"[a-z0-9]+(?:[-_@][a-z0-9]+)*", re.I)
ENCODING = re.compile(r"\.[\w-]+")  # POSIX: fr_FR.UTF-8
# Codes that the standard has replaced, and codes that only Odoo uses.
RENAMED = {"fil": "tl", "in": "id", "iw": "he", "no": "nb"}
SCRIPTS = {"cyrillic": "cyrl", "latin": "latn"}
# The default script of these languages (CLDR's likely subtags). Odoo offers each in two scripts.
SCRIPT_OF = {
    ("zh", None): "hans",
    ("zh", "cn"): "hans",
    ("zh", "sg"): "hans",
    ("zh", "hk"): "hant",
    ("zh", "mo"): "hant",
    ("zh", "tw"): "hant",
    ("sr", None): "cyrl",
    ("sr", "rs"): "cyrl",
}


class Tag(NamedTuple):
    language: str
    script: str | None
    country: str | None
    variant: str | None


def own_context(env):
    """The language and the time zone of the call's user, as in Odoo's own pages."""
    own = env["res.users"].context_get()
    return {key: own[key] for key in ("lang", "tz") if own.get(key)}


def preferred(env, texts):
    """The first of the languages that is installed, possibly as another country's variant. None if no such language is
    installed, which is not an error."""
    for text in texts if type(texts) is list else ():
        if found := _matches(env, text) or _relatives(env, text):
            own = own_context(env).get("lang")
            return own if own in found else found[0]
    return None


def chosen(env, text):
    """The Odoo code of the installed language that a caller has chosen. :raises RefusalError: `odoo.arguments`, which
    lists the installed languages"""
    found = _matches(env, text)
    if len(found) > 1 and (own := own_context(env).get("lang")) in found:
        return own
    if len(found) == 1:
        return found[0]
    shown = repr(text if type(text) is str and len(text) <= 40 else "…")
    what = f"{shown} stands for several languages" if found else f"The language {shown} is not installed"
    installed = found or _installed(env)
    raise RefusalError(
        "odoo.arguments", f"{what}. Choose one of: {', '.join(installed)}.", argument="lang", installed=installed
    )


def only_reads(env, operations):
    """Whether the operations change nothing. Only then may a browser's preferences choose the language."""
    return all(operation["op"] in READING or _is_reading_call(env, operation) for operation in operations)


def spoken(env, operations):
    """The languages in which the operations ran, by their standard names."""
    codes = []
    for operation in operations:
        context = kwargs.get("context") if type(kwargs := operation.get("kwargs")) is dict else None
        named = context.get("lang") if type(context) is dict else None
        codes.append(chosen(env, named) if named and type(named) is str else env.lang or "en_US")
    return [standard_form(code) for code in dict.fromkeys(codes)]


def standard_form(code):
    """`fr_FR` → `fr-FR`, `sr@latin` → `sr-Latn`"""
    language, *subtags = re.split("[-_@]", code)
    subtags = [SCRIPTS.get(subtag.lower(), subtag) for subtag in subtags]
    return "-".join([language, *(subtag.title() if len(subtag) == 4 else subtag for subtag in subtags)])


def _is_reading_call(env, operation):
    model, method = operation.get("model"), operation.get("method")
    if operation["op"] != "call" or type(model) is not str or model not in env or type(method) is not str:
        return False
    return effect_of(env[model], method) == READ


def _installed(env):
    return [code for code, _name in env["res.lang"].get_installed()]


def _matches(env, text):
    """The codes of the installed languages that a string may refer to: several if it is ambiguous."""
    wanted = _parse(text)
    if wanted is None:
        return []
    by_code = env["res.lang"]._get_active_by("code")
    for name in ("code", "iso_code", "url_code"):
        found = [code for code, data in by_code.items() if _same(data[name], text)]
        if len(found) == 1:
            return found
    tags = {code: _parse(code) for code in by_code}
    same = [code for code, tag in tags.items() if tag == wanted]
    return same or [code for code, tag in tags.items() if _fits(tag, wanted)]


def _same(known, text):
    return type(known) is str and known.lower().replace("-", "_") == text.strip().lower().replace("-", "_")


def _fits(tag, wanted):
    """Whether the two tags differ only in parts that one of them leaves out (RFC 4647, section 3.4)."""
    return tag is not None and all(a == b or not (a and b) for a, b in zip(tag, wanted, strict=True))


def _relatives(env, text):
    """The installed languages that differ only in the country."""
    if (wanted := _parse(text)) is None:
        return []
    tags = {code: _parse(code) for code in _installed(env)}
    return [code for code, tag in tags.items() if tag and tag[:2] == wanted[:2]]


def _parse(text):
    if type(text) is not str or len(text) > 40 or not TAG.fullmatch(text := ENCODING.sub("", text.strip(), count=1)):
        return None
    language, *subtags = re.split("[-_@]", text.lower())
    script = country = variant = None
    for subtag in subtags:
        subtag = SCRIPTS.get(subtag, subtag)
        if script is None and re.fullmatch("[a-z]{4}", subtag):
            script = subtag
        elif country is None and re.fullmatch(r"[a-z]{2}|\d{3}", subtag):
            country = subtag
        elif variant is None:
            variant = subtag
    return Tag(RENAMED.get(language, language), script or SCRIPT_OF.get((language, country)), country, variant)
