"""A method's result as Odoo's XML-RPC writes it. This is done here because JSON would lose the types of floats and
dates."""

import base64
import xmlrpc.client
from collections import defaultdict
from datetime import date, datetime

from markupsafe import Markup

from odoo.fields import Command, Date, Datetime
from odoo.tools import lazy
from odoo.tools.misc import frozendict

# XML allows no control characters except tab, newline and carriage return.
CONTROL_CHARACTERS = dict.fromkeys(set(range(32)) - {9, 10, 13})


class _Marshaller(xmlrpc.client.Marshaller):
    dispatch = dict(xmlrpc.client.Marshaller.dispatch)

    def dump_none(self, _value, write):
        # Odoo's own XML-RPC fails here, after it has committed the method's changes.
        self.dispatch[bool](self, False, write)

    def dump_text(self, value, write):
        xmlrpc.client.Marshaller.dump_unicode(self, str(value).translate(CONTROL_CHARACTERS), write)

    def dump_raw(self, value, write):
        self.dump_text(value.decode() if value.isascii() else base64.b64encode(value).decode(), write)

    def dump_time(self, value, write):
        self.dump_text(Datetime.to_string(value), write)

    def dump_day(self, value, write):
        self.dump_text(Date.to_string(value), write)

    def dump_mapping(self, value, write):
        self.dump_struct(dict(value), write)

    def dump_lazy(self, value, write):
        self._Marshaller__dump(value._value, write)

    dispatch.update(
        {
            type(None): dump_none,
            str: dump_text,
            Markup: dump_text,
            bytes: dump_raw,
            datetime: dump_time,
            date: dump_day,
            frozendict: dump_mapping,
            defaultdict: dump_mapping,
            lazy: dump_lazy,
            Command: dispatch[int],
        }
    )


def written(result):
    """The result as `<params>…</params>`. :raises TypeError, OverflowError: XML-RPC cannot express the result"""
    return _Marshaller(allow_none=True).dumps((result,)).strip()
