"""Links that give anyone who has them access to a document: portal links with the document's token."""

import re

# The search goes backwards from the token, because a pattern for whole URLs would take quadratic time.
TOKEN = re.compile(r"\baccess_token=([\w.~-]+)")
END = re.compile(r"""[\s"'<>\\]""")
FILES = re.compile(r"/web/(?:image|content)/")  # pictures and files embedded in the text
LONGEST = 1_000  # characters of a URL before its token
MASK = "…"


def tokens(text):
    """The documents' tokens in the links of this text."""
    return {match[1] for match in TOKEN.finditer(text) if not _is_file(match)}


def mask(text):
    """The text with the links' tokens masked."""
    return TOKEN.sub(lambda match: match[0] if _is_file(match) else f"access_token={MASK}", text)


def _is_file(match):
    before = match.string[max(0, match.start() - LONGEST) : match.start()]
    return bool(FILES.search(END.split(before)[-1]))
