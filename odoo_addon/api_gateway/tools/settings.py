"""The gateway's settings, as stored in the table `gateway.setting`."""


def settings(cr):
    """`{name: value}` of all settings: numbers, strings, booleans and lists, as docs/settings.md describes them."""
    cr.execute("select gateway.settings()")
    [values] = cr.fetchone()
    return values


def setting(cr, name):
    """The value of one setting. Raises KeyError if no migration has added it."""
    return settings(cr)[name]
