"""Links that give anyone who has them access to a document: portal links with the document's token."""

import re
from contextlib import contextmanager
from contextvars import ContextVar

# The search goes backwards from the token, because a pattern for whole URLs would take quadratic time.
# If an address is a parameter of another address, the `=` after the token's name is percent-encoded.
TOKEN = re.compile(r"access_token(=|%(?:25)*3[Dd])([\w.~-]+)")
END = re.compile(r"""[\s"'<>\\]""")
FILES = re.compile(r"/web/(?:image|content)/")  # pictures and files embedded in the text
LONGEST = 1_000  # characters of a URL before its token
MASK = "…"

# Whether the documents that Odoo makes in this thread are for a caller who must not get links that open documents.
_hidden = ContextVar("api_gateway_hidden_links", default=False)


def tokens(text):
    """The documents' tokens in the links of this text."""
    return {match[2] for match in TOKEN.finditer(text) if not _is_file(match)}


def mask(text):
    """The text with the links' tokens masked."""
    return TOKEN.sub(lambda match: match[0] if _is_file(match) else f"access_token{match[1]}{MASK}", text)


@contextmanager
def hidden(are_hidden):
    """A context in which printed documents contain no links that open documents, if `are_hidden`."""
    token = _hidden.set(are_hidden)
    try:
        yield
    finally:
        _hidden.reset(token)


def are_hidden():
    return _hidden.get()


def _is_file(match):
    before = match.string[max(0, match.start() - LONGEST) : match.start()]
    return bool(FILES.search(END.split(before)[-1]))
