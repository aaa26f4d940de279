"""Fields that hold a password, a key or a token, found by their definition in any module."""

import re
from functools import lru_cache

SECRET = re.compile(
    r"""
    password | passwd | passphrase | secret
    | (?:^|_)(?:pwd|pass|r?token|tokens|credential|pin)(?:_?\d+)?$
    | (?:^|_)token(?:_hash|_value)$
    | (?:^|_)(?:api|apikey|private|secret|access|auth|signing|signature|encryption|hmac|master|server|transaction
               |webhook|shared|consumer|license|hash|session|app|migration)_?key(?:_(?:file|pem|content|test|live|prod|production|sandbox))?$
    | (?:^|_)apikey(?:_|$)
    | (?:^|_)(?:authorization|access|otp|recovery|backup)_codes?$
    | (?:^|_)(?:hash|session)_?(?i:iv)$
    | (?:^|_)csid(?:_json)?$
    | ^dpopay_chain_id$
    | (?:^|_)sha_(?:request|response)$
    """,
    re.VERBOSE,
)
# Models whose field `key` is a secret. In other models, `key` is a name.
KEYED = re.compile(r"api\.?_?keys?|(?:^|[._])auth(?:[._]|$)")
NAMED = frozenset(
    [
        ("certificate.key", "content"),
        ("certificate.key", "pem_key"),
        ("mail.push.device", "keys"),
        ("portal.share", "share_link"),
    ]
)
# A link that gives anyone who has it access to a document: only a credential that was not narrowed may read it.
LINKS = frozenset(
    [
        ("discuss.channel", "invitation_url"),
        ("discuss.channel", "uuid"),
        ("payment.link.wizard", "link"),
        ("slide.channel.partner", "invitation_link"),
        ("spreadsheet.dashboard.share", "full_url"),
    ]
)
TYPES = frozenset(["char", "text", "html", "binary", "json"])


def is_secret(field):
    """Whether the field can never be read through the gateway. It may still be written."""
    return field.type in TYPES and is_named_secret(field.model_name, field.name, field.related or "")


@lru_cache(maxsize=65536)
def is_named_secret(model_name, name, related):
    """Like `is_secret`, but decides by names only. `related`: the path of the field from which the value is copied, or
    ""."""
    shown = related.rpartition(".")[2]
    return bool(
        SECRET.search(name)
        or (shown and SECRET.search(shown))
        or (name == "key" and KEYED.search(model_name))
        or (model_name, name) in NAMED
    )
