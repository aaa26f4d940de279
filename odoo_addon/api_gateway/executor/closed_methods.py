"""Methods that take a password, check one, or return a secret. Through an API they would be logins that nothing
limits or counts, and would reveal whether a password is correct."""

import inspect
import re

from .errors import OutOfReachError

LOGIN = "Log in at POST /api/v1/auth/login."
PASSWORD = "Users change their password in Odoo; an administrator sets one with PATCH /api/v1/res.users/<id>."  # noqa: S105
IN_ODOO = "Do this in Odoo, as the user."

# These methods are listed by model and name, because neither their arguments nor a check of the user's identity reveals
# what they do.
CLOSED = {
    ("res.users", "authenticate"): LOGIN,
    ("res.users", "auth_oauth"): LOGIN,
    ("res.users", "signup"): IN_ODOO,
    ("res.users", "reset_password"): PASSWORD,
    ("res.users", "action_reset_password"): PASSWORD,
    ("res.users", "change_password"): PASSWORD,
    ("res.users", "preference_change_password"): PASSWORD,
    ("res.users", "action_change_password_wizard"): PASSWORD,
    ("res.users", "remove_oauth_access_token"): IN_ODOO,
    ("res.users.identitycheck", "run_check"): LOGIN,
    ("res.partner", "signup_get_auth_param"): IN_ODOO,
    ("res.partner", "signup_prepare"): IN_ODOO,
    ("res.partner", "action_signup_prepare"): IN_ODOO,
    ("iap.account", "get_credits_url"): IN_ODOO,
    ("iap.account", "action_buy_credits"): IN_ODOO,
    ("hr.employee", "get_barcodes_and_pin_hashed"): IN_ODOO,
}
SECRET_PARAMETER = re.compile(r"passw|passphrase|(?:^|_)(?:pwd|otp|totp|credentials?)(?:_|$)")


def check_open(model, name, method):
    """Refuse a method that handles passwords or secrets.

    :raises OutOfReachError: with the endpoint to use instead
    """
    instead = closed_reason(model, name, method)
    if instead is not None:
        raise OutOfReachError(
            f"The method {name} of {model._name} handles passwords or other secrets: it cannot be called "
            f"through the gateway. {instead}",
            model=model._name,
            method=name,
        )


def closed_reason(model, name, method):
    """What to do instead of calling the method; None if the method may be called. :param method: as `getattr(model,
    name)` returns it
    """
    for cls in type(model).mro():
        if instead := CLOSED.get((getattr(cls, "_name", None), name)):
            return instead
        # Methods that ask for the password in Odoo's own client. An override may lack the decorator of the original
        # method.
        if getattr(cls.__dict__.get(name), "__has_check_identity", False):
            return IN_ODOO
    if any(SECRET_PARAMETER.search(parameter) for parameter in inspect.signature(method).parameters):
        return PASSWORD
    return None
