"""Links that open a document to anyone who has them: the portal's, with the document's token."""

import re

# Found from the token backwards, because a pattern for whole URLs would take quadratic time.
TOKEN = re.compile(r"\baccess_token=([\w.~-]+)")
END = re.compile(r"""[\s"'<>\\]""")
FILES = re.compile(r"/web/(?:image|content)/")  # pictures and files of the text itself
LONGEST = 1_000  # characters of a URL before its token
MASK = "…"


def tokens(text):
    """The documents' tokens in the links of a text."""
    return {match[1] for match in TOKEN.finditer(text) if not _is_file(match)}


def mask(text):
    """The text with the links' tokens made unreadable."""
    return TOKEN.sub(lambda match: match[0] if _is_file(match) else f"access_token={MASK}", text)


def _is_file(match):
    before = match.string[max(0, match.start() - LONGEST) : match.start()]
    return bool(FILES.search(END.split(before)[-1]))
