"""Removes secrets from everything that the addon logs or stores. The sidecar does the same (sidecar/src/redact). Both
are tested with the cases in tests/secret_cases.json."""

import json
import re
from functools import lru_cache
from urllib.parse import quote, quote_plus

STARS = "**********"
SHORTEST = 4
DEEPEST = 64
LONGEST = 8192
# The same limits as in the sidecar (redact/budget.ts, redact/redactor.ts): a sender must not be able to make the search
# for secrets take a long time.
TOO_LARGE = "too large to redact"
LONGEST_TEXT = 20_000
OVERLAP = 2_000
MOST_NAMES = 2_000
MOST_LEARNED = 262_144
COST_OF_VALUE = 8
MOST_SECRETS = 50
MOST_OF_SECRETS = 16_384

HARMLESS = frozenset(
    [
        "idempotencykey",
        "tokentype",
        "tokentypehint",
        "tokenendpoint",
        "keyid",
        "publickey",
        "foreignkey",
        "primarykey",
        "passengers",
        "secretary",
        "secretaryid",
    ]
)
SECRET = re.compile(
    "passw|passphrase|passcode|passkey|pwd|secret|token|authorization|cookie|credential|signature|assertion|jwt|bearer"
    "|(?:api|private|access|account|shared|signing|encryption|master|merchant|consumer|client|license|subscription)key"
    "|(?:auth|authorization|verification|recovery|backup|2fa|mfa)code"
    "|otp$|^key$|^auth$"
)
SECRET_WORDS = frozenset(["pass", "passwd", "pin", "otp", "totp", "sig", "cvc", "cvv"])
SECRET_METHOD = re.compile(
    "passw|authenticat|login|signup|otp$|totp|credential|identity|apikey|token|secret|authoauth|passkey|ratingapply"
    "|runcheck|^setparam$"
)

FORMS = re.compile(
    r"gw[ck]_[A-Za-z0-9_-]{8,}|(?<![0-9A-Za-z])[0-9a-f]{40}(?![0-9A-Za-z])"
    r"|whsec_[A-Za-z0-9+/=_-]{8,}"
)
# JWTs, if the match contains a dot. This pattern and the next two consume the text that they search, so the time grows
# linearly with its length.
JWT = re.compile(r"(?:(?<![0-9A-Za-z])|(?<=%3D)|(?<=%20)|(?<=%22))eyJ[A-Za-z0-9_-]{8,4096}(?:\.[A-Za-z0-9_-]+){0,4}")
SCHEME = re.compile(r"(?<![A-Za-z])(bearer|basic)(\s{1,4}|%20|\+)([A-Za-z0-9._~+/=%-]{6,})", re.IGNORECASE)
RANDOM = re.compile(r"[0-9=]|[a-z][A-Z]|.{20}")
URL_PASSWORD = re.compile(r"(://[^\s:/@]{0,256}:)[^\s/]{1,1024}@")
FAILING_ROW = re.compile(r"(Failing row contains \()(?:[\s\S]{1,2000}?(\)\.?\s{0,4}(?:\n|$))|[\s\S]{1,2000})")
KEY_DETAIL = re.compile(
    r"(Key \()([^\n=]{1,300}?)(\)=\()"
    r"(?:[^\n]{0,2000}?(\) (?:already exists|is |conflicts)|\)?\.?(?:\n|$))|[^\n]{2000})"
)
WORD = re.compile(r"[A-Za-z_][\w.-]{0,199}")
# Characters that separate a name from its value: `=`, `": "`, `', '=', '`.
BETWEEN = re.compile(
    r"(?:\\{0,4}[\"'`])?[\])]{0,4}\s{0,4}(?:={1,3}>?|:)\s{0,4}"
    r"|\\{0,4}[\"']\s{0,4},\s{0,4}\\{0,4}[\"'](?:[<>=!?]{1,3}|(?:not )?(?:in|any!?|=?i?like)|child_of|parent_of)"
    r"\\{0,4}[\"']\s{0,4},\s{0,4}",
    re.IGNORECASE,
)
# `<password>`, followed by the element's content.
ELEMENT = re.compile(r"(?:\s[^<>]{0,200})?>\s{0,4}(?:<!\[CDATA\[)?([^<]{1,8192})(?=</)")
OPENED = re.compile(r"<(?:\w{1,20}:)?$")
PROSE = re.compile(r"[ \t](?:[^'\"\n]{0,120}?[\s(:=,\[])?(?=[\"'])")
COMMON_WORD = re.compile(r"(?:key|auth|pass|pin|sig)$", re.IGNORECASE)
QUOTED = re.compile(r"(\\{0,4}[\"'`])((?:(?!\1)[^\n\\]|\\.){0,8192})(?=\1|\n|$)")
UNQUOTED = re.compile(r"(?:(?:bearer|basic|token)\s+)?[^\s\"'&,;}\])\\<>|]+", re.IGNORECASE)
KEPT = re.compile(r"(?:true|false|null|none|\*{10})$", re.IGNORECASE)
OPERATOR = re.compile(r"(?:[<>=!?]{1,3}|(?:not )?(?:in|any!?|=?i?like)|child_of|parent_of)$", re.IGNORECASE)
IDENTIFIER = re.compile(r"\.?[a-z_][a-z_./:]*\d{0,4}[a-z_./:]*$")
MODEL = re.compile(r"[a-z]\w*(?:\.\w+)+$")
ORDERED = re.compile(r"[a-z_][\w./:]*$")
ORDER_WORDS = frozenset(["asc", "desc", "nulls", "first", "last"])
READ_METHOD = re.compile(
    "(?:web_)?(?:search|read|search_read|search_count|read_group|name_search|fields_get|unlink|exists)$"
)
BRACKETED = re.compile(r"[\[({]([^\])}]{0,8192})")


@lru_cache(maxsize=4096)
def is_secret_name(name):
    """Whether values under this name are never logged. A path is secret if one of its steps is."""
    return any(_is_secret_step(step) for step in re.split(r"[.\[\]/:]+", name[:1000]))


def _is_secret_step(step):
    plain = re.sub("[^a-z0-9]", "", step.lower())
    if plain in HARMLESS:
        return False
    words = re.split("[^a-z0-9]+", re.sub("(?<=[a-z])(?=[A-Z])", "_", step).lower())
    return bool(SECRET.search(plain)) or not SECRET_WORDS.isdisjoint(words)


def is_secret_method(name):
    """Whether a method takes or returns secrets that are only recognized by their position."""
    return type(name) is str and bool(SECRET_METHOD.search(re.sub("[^a-z0-9]", "", name[:200].lower())))


def _is_secret_call(call):
    """Whether a method takes secrets by position, judging by its own name or its model's."""
    model, method = call.get("model"), call.get("method")
    names = list(method.values()) if isinstance(method, dict) else method if isinstance(method, list) else [method]
    if any(map(is_secret_method, names)):
        return True
    return type(method) is str and type(model) is str and is_secret_name(model) and not READ_METHOD.match(method)


def _operand(items):
    """The index at which the values of a secret field begin in a list, such as a term of a domain or arguments of
    `ir.default.set`."""
    if len(items) < 3 or len(items) > 32 or type(items[0]) is not str:
        return len(items)
    if len(items) <= 5 and is_secret_name(items[0]):
        if type(items[1]) is not str:
            return 1
        if OPERATOR.match(items[1].strip()) or (len(items) == 3 and not IDENTIFIER.match(str(items[2]))):
            return 2
    is_field = MODEL.match(items[0]) and not is_secret_name(items[0]) and type(items[1]) is str
    return 2 if is_field and is_secret_name(items[1]) else len(items)


def _words_of_order(text):
    """`password x`: a string that follows a secret field's name in an order and is not a keyword of orders."""
    parts = [part.split() for part in text[:1000].split(",")]
    if not all(part and len(part) <= 4 and ORDERED.match(part[0]) for part in parts):
        return []
    if not any(is_secret_name(part[0]) for part in parts):
        return []
    return [word for part in parts for word in part[1:] if word.lower() not in ORDER_WORDS]


def without_credentials(text):
    """The text with recognizable secrets replaced by stars: those identified by their format, or by the name before
    them."""
    text = SCHEME.sub(lambda match: f"{match[1]}{match[2]}{STARS}" if RANDOM.search(match[3]) else match[0], text)
    text = JWT.sub(lambda match: STARS if "." in match[0] else match[0], text)
    text = FORMS.sub(STARS, text)
    text = URL_PASSWORD.sub(rf"\1{STARS}@", text)
    text = FAILING_ROW.sub(rf"\1{STARS}\2", text)
    text = KEY_DETAIL.sub(
        lambda match: (
            f"{match[1]}{match[2]}{match[3]}{STARS}{match[4] or ''}"
            if any(map(is_secret_name, re.split(r"\W+", match[2])))
            else match[0]
        ),
        text,
    )
    parts, position, names = [], 0, 0
    for match in WORD.finditer(text):
        if match.start() < position or not is_secret_name(match[0]):
            continue
        names += 1
        if names > MOST_NAMES:
            return "".join([*parts, f"… {TOO_LARGE}"])
        if span := _value_behind(text, match):
            parts += [text[position : span[0]], STARS]
            position = span[1]
    return "".join([*parts, text[position:]])


def _value_behind(text, name):
    if OPENED.search(text[max(0, name.start() - 22) : name.start()]) and (value := ELEMENT.match(text, name.end())):
        return value.span(1)
    if between := BETWEEN.match(text, name.end()):
        value = QUOTED.match(text, between.end())
        if value:
            span = value.span(2)
        elif value := BRACKETED.match(text, between.end()):
            span = value.span(1)
        elif value := UNQUOTED.match(text, between.end()):
            span = value.span()
        else:
            return None
    else:
        gap = None if COMMON_WORD.match(name[0]) else PROSE.match(text, name.end())
        value = QUOTED.match(text, gap.end()) if gap else None
        if not value or text[value.end() : value.end() + 1] != value[1][-1:]:
            return None
        span = value.span(2)
    return None if span[0] == span[1] or KEPT.match(text[slice(*span)]) else span


class Secrets:
    """Collects the secrets of one request, and removes them from strings."""

    def __init__(self, known=()):
        self._left = MOST_LEARNED
        self._is_lost = False
        self._known = {text for text in known if type(text) is str and len(text) >= SHORTEST}

    def learn(self, value, depth=0, hidden=False):
        """Find secrets in a JSON value: under their names, as arguments, in domains, in the columns of `load`."""
        self._left -= COST_OF_VALUE + (len(value) if isinstance(value, (str, list, tuple, dict)) else 0)
        if self._left < 0:
            self._is_lost = True
        if self._is_lost or depth > DEEPEST:
            return
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            self._learn_text(str(value), depth, hidden)
        elif isinstance(value, dict):
            if "0" in value:  # a list that was converted to an object
                self.learn(list(value.values()), depth + 1, hidden)
            is_call = _is_secret_call(value)
            args, kwargs = value.get("args"), value.get("kwargs")
            args = args[:32] if isinstance(args, list) else []
            named = any(type(item) is str and is_secret_name(item) for item in args)
            for name, item in value.items():
                in_call = (is_call and name not in ("op", "model", "method", "ids")) or (named and name == "kwargs")
                self.learn(item, depth + 1, hidden or in_call or is_secret_name(str(name)))
            # Arguments by position and by name are searched together: `load` may get its columns by position and its
            # rows by name, or the reverse.
            given = [*args, *(kwargs.values() if isinstance(kwargs, dict) else ())]
            self._learn_columns([*value.values(), *given], depth)
        elif isinstance(value, (list, tuple)):
            operand = _operand(value)
            for index, item in enumerate(value):
                self.learn(item, depth + 1, hidden or index >= operand)
            self._learn_columns(value, depth)

    def _learn_text(self, text, depth, hidden):
        if hidden:
            if len(text) >= SHORTEST and not KEPT.match(text):
                self._known.add(text)
                characters = sum(map(len, self._known)) if len(self._known) <= MOST_SECRETS else LONGEST
                self._is_lost = len(self._known) > MOST_SECRETS or len(text) > LONGEST or characters > MOST_OF_SECRETS
        elif words := _words_of_order(text):
            for word in words:
                self._learn_text(word, depth, hidden=True)
        elif text[:1] in ("[", "{"):
            try:
                self.learn(json.loads(text), depth + 1)
            except (ValueError, RecursionError):
                return

    def _learn_columns(self, siblings, depth):
        if len(siblings) > 32:
            return
        for names in siblings:
            if not isinstance(names, list) or not names or not all(type(name) is str for name in names):
                continue
            columns = [index for index, name in enumerate(names) if is_secret_name(name)]
            for rows in siblings if columns else ():
                for row in rows if isinstance(rows, list) and rows is not names else ():
                    if isinstance(row, list):
                        for index in columns if len(columns) * COST_OF_VALUE <= self._left else ():
                            self.learn(row[index : index + 1], depth + 1, hidden=True)

    def clean(self, text):
        """The text without the collected secrets (plain, quoted or percent-encoded) and without other recognizable
        ones. Only the end of a long text is kept, where a traceback names the error. Returns `too large to redact` if
        not all secrets could be collected.
        """
        if self._is_lost:
            return TOO_LARGE
        for secret in sorted(self._known, key=len, reverse=True):
            for form in (
                secret,
                json.dumps(secret)[1:-1],
                repr(secret)[1:-1],
                quote(secret, safe=""),
                quote_plus(secret),
            ):
                text = text.replace(form, STARS)
            text = text.replace(secret.replace("'", "''"), STARS)
        if len(text) <= LONGEST_TEXT:
            return without_credentials(text)
        # The cleaned part is longer than the kept part, because cutting may separate a value from its name.
        return f"…{without_credentials(text[-LONGEST_TEXT:])[OVERLAP:]}"
