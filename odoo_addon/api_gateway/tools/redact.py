"""Takes secrets out of what Odoo's side logs or stores. The sidecar does the same (sidecar/src/redact); tests of both
hold them to the cases of tests/secret_cases.json."""

import json
import re
from urllib.parse import quote, quote_plus

STARS = "**********"
SHORTEST = 4
DEEPEST = 64
LONGEST = 8192

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
    "|runcheck"
)

FORMS = re.compile(
    r"gwk_[A-Za-z0-9_-]{8,}|(?<![0-9A-Za-z])[0-9a-f]{40}(?![0-9A-Za-z])"
    r"|(?:(?<![0-9A-Za-z])|(?<=%3D)|(?<=%20)|(?<=%22))eyJ[A-Za-z0-9_-]{8,4096}(?:\.[A-Za-z0-9_-]+){1,4}|whsec_[A-Za-z0-9+/=_-]{8,}"
)
SCHEME = re.compile(r"(?<![A-Za-z])(bearer|basic)(\s{1,4}|%20|\+)([A-Za-z0-9._~+/=%-]{6,})", re.IGNORECASE)
RANDOM = re.compile(r"[0-9=]|[a-z][A-Z]|.{20}")
URL_PASSWORD = re.compile(r"(://[^\s:/@]{0,256}:)[^\s/]{1,1024}@")
FAILING_ROW = re.compile(r"(Failing row contains \()[\s\S]{1,2000}?(\)\.?\s*(?:\n|$))")
KEY_DETAIL = re.compile(
    r"(Key \()([^\n=]{1,300}?)(\)=\()([^\n]{0,2000}?)(\) (?:already exists|is |conflicts)|\)?\.?(?:\n|$))"
)
WORD = re.compile(r"[A-Za-z_][\w.-]{0,199}")
# What stands between a name and its value: `=`, `": "`, `', '=', '`.
BETWEEN = re.compile(
    r"(?:\\{0,4}[\"'`])?[\])]{0,4}\s{0,4}(?:={1,3}>?|:)\s{0,4}"
    r"|\\{0,4}[\"']\s{0,4},\s{0,4}\\{0,4}[\"'](?:[<>=!?]{1,3}|(?:not )?(?:in|any!?|=?i?like)|child_of|parent_of)"
    r"\\{0,4}[\"']\s{0,4},\s{0,4}",
    re.IGNORECASE,
)
PROSE = re.compile(r"[ \t](?:[^'\"\n]{0,120}?[\s(:=,\[])?(?=[\"'])")
COMMON_WORD = re.compile(r"(?:key|auth|pass|pin|sig)$", re.IGNORECASE)
QUOTED = re.compile(r"(\\{0,4}[\"'`])((?:(?!\1)[^\n\\]|\\.){0,8192})(?=\1|\n|$)")
UNQUOTED = re.compile(r"(?:(?:bearer|basic|token)\s+)?[^\s\"'&,;}\])\\<>|]+", re.IGNORECASE)
KEPT = re.compile(r"(?:true|false|null|none|\*{10})$", re.IGNORECASE)
BRACKETED = re.compile(r"[\[({]([^\])}]{0,8192})")


def is_secret_name(name):
    """Whether values under this name are never logged. Of a path any step decides."""
    return any(_is_secret_step(step) for step in re.split(r"[.\[\]/:]+", name[:1000]))


def _is_secret_step(step):
    plain = re.sub("[^a-z0-9]", "", step.lower())
    if plain in HARMLESS:
        return False
    words = re.split("[^a-z0-9]+", re.sub("(?<=[a-z])(?=[A-Z])", "_", step).lower())
    return bool(SECRET.search(plain)) or not SECRET_WORDS.isdisjoint(words)


def is_secret_method(name):
    """Whether a method takes or gives secrets by their position alone."""
    return type(name) is str and bool(SECRET_METHOD.search(re.sub("[^a-z0-9]", "", name[:200].lower())))


def without_credentials(text):
    """The text with stars for what shows by itself that it is a secret, by its form or by the name before it."""
    text = SCHEME.sub(lambda match: f"{match[1]}{match[2]}{STARS}" if RANDOM.search(match[3]) else match[0], text)
    text = FORMS.sub(STARS, text)
    text = URL_PASSWORD.sub(rf"\1{STARS}@", text)
    text = FAILING_ROW.sub(rf"\1{STARS}\2", text)
    text = KEY_DETAIL.sub(
        lambda match: (
            f"{match[1]}{match[2]}{match[3]}{STARS}{match[5]}"
            if any(map(is_secret_name, re.split(r"\W+", match[2])))
            else match[0]
        ),
        text,
    )
    parts, position = [], 0
    for match in WORD.finditer(text):
        if match.start() >= position and is_secret_name(match[0]) and (span := _value_behind(text, match)):
            parts += [text[position : span[0]], STARS]
            position = span[1]
    return "".join([*parts, text[position:]])


def _value_behind(text, name):
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
    """The secrets of one request, and texts without them."""

    def __init__(self, known=()):
        self._known = {text for text in known if type(text) is str and len(text) >= SHORTEST}

    def learn(self, value, depth=0, hidden=False):
        """Find secrets in what came as JSON: under their names, as arguments, in domains, in the columns of `load`."""
        if depth > DEEPEST:
            return
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            self._learn_text(str(value), depth, hidden)
        elif isinstance(value, dict):
            is_call = is_secret_method(value.get("method"))
            for name, item in value.items():
                in_call = is_call and name not in ("op", "model", "method", "ids")
                self.learn(item, depth + 1, hidden or in_call or is_secret_name(str(name)))
            self._learn_columns(list(value.values()), depth)
        elif isinstance(value, (list, tuple)):
            is_term = len(value) == 3 and type(value[0]) is str and type(value[1]) is str and is_secret_name(value[0])
            for index, item in enumerate(value):
                self.learn(item, depth + 1, hidden or (is_term and index == 2))
            self._learn_columns(value, depth)

    def _learn_text(self, text, depth, hidden):
        if hidden:
            if SHORTEST <= len(text) <= LONGEST and not KEPT.match(text):
                self._known.add(text)
        elif text[:1] in ("[", "{") and len(text) < 1024 * 1024:
            try:
                self.learn(json.loads(text), depth + 1)
            except ValueError:
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
                        for index in columns:
                            self.learn(row[index : index + 1], depth + 1, hidden=True)

    def clean(self, text):
        """The text without these secrets, as they are, quoted or percent-encoded, and without what shows as one."""
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
        return without_credentials(text)
