"""Makes the usual calls of scripts with public clients of Odoo, and prints a JSON object with a report for each client.

Arguments: URL, database, login, key, names of clients."""

import asyncio
import json
import re
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from urllib.parse import urlsplit
from xmlrpc.client import Fault, ServerProxy

import aio_odoorpc
import erppeek
import httpx
import odoo_json2
import odoolib
import odooly
import odoorpc
import pyodoo_client

URL, DATABASE, LOGIN, KEY = sys.argv[1:5]
HOST, PORT = urlsplit(URL).hostname, urlsplit(URL).port
FIELDS = ["name", "ref", "comment", "partner_latitude", "company_id", "parent_id", "child_ids", "active", "barcode"]
VALUES = {
    "name": "Zoë & <Söhne> ☃",
    "partner_latitude": 2.0,
    "child_ids": [[0, 0, {"name": "child"}]],
    "comment": "<p>a\tb</p>",
}
CHANGES = {"ref": "R 1", "partner_latitude": -0.5, "comment": False}


class Client:
    """The calls of a script. A client that has its own function for one of them overrides it; the rest use `call`."""

    def call(self, model, method, *args, **kwargs):
        raise NotImplementedError

    def search_read(self, domain, fields, **options):
        return self.call("res.partner", "search_read", domain, fields, **options)

    def create(self, values):
        return self.call("res.partner", "create", values)

    def write(self, ids, values):
        return self.call("res.partner", "write", ids, values)

    def read(self, ids, fields):
        return self.call("res.partner", "read", ids, fields)

    def unlink(self, ids):
        return self.call("res.partner", "unlink", ids)

    def on(self, method, ids, **kwargs):
        return self.call("res.partner", method, ids, **kwargs)


class Xmlrpc(Client):
    base = "/xmlrpc/2"

    def __init__(self, login, key):
        self.key = key
        self.uid = ServerProxy(f"{URL}{self.base}/common").authenticate(DATABASE, login, key, {})
        self.models = ServerProxy(f"{URL}{self.base}/object")

    def call(self, model, method, *args, **kwargs):
        return self.models.execute_kw(DATABASE, self.uid, self.key, model, method, args, kwargs)


class XmlrpcFirst(Xmlrpc):
    base = "/xmlrpc"


class Erppeek(Client):
    def __init__(self, login, key):
        self.client = erppeek.Client(URL, DATABASE, login, key)
        self.uid = self.client.search("res.users", [("login", "=", self.client.user)])[0]

    def call(self, model, method, *args, **kwargs):
        return self.client.execute(model, method, *args, **kwargs)

    def on(self, method, ids, **kwargs):
        # This client passes no arguments by name.
        return self.call("res.partner", method, ids, *kwargs.values())

    def search_read(self, domain, fields, **options):
        return self.client.read("res.partner", domain, fields, **options)

    def create(self, values):
        return self.client.model("res.partner").create(values).id

    def write(self, ids, values):
        return self.client.write("res.partner", ids, values)

    def read(self, ids, fields):
        return self.client.read("res.partner", ids, fields)

    def unlink(self, ids):
        return self.client.unlink("res.partner", ids)


class OdooLib(Client):
    protocol = "xmlrpc"

    def __init__(self, login, key):
        self.client = odoolib.get_connection(HOST, self.protocol, PORT, DATABASE, login, key)
        self.client.check_login()
        self.uid = self.client.get_user_context()["uid"]

    def call(self, model, method, *args, **kwargs):
        return getattr(self.client.get_model(model), method)(*args, **kwargs)


class OdooLibJsonrpc(OdooLib):
    protocol = "jsonrpc"


class OdooLibJson2(OdooLib):
    protocol = "json2"


class OdooRpc(Client):
    def __init__(self, login, key):
        self.client = odoorpc.ODOO(HOST, port=PORT)
        self.client.login(DATABASE, login, key)
        self.uid = self.client.env.uid

    def call(self, model, method, *args, **kwargs):
        return self.client.execute_kw(model, method, args, kwargs)

    def write(self, ids, values):
        record = self.client.env["res.partner"].browse(ids[0])
        for name, value in values.items():
            setattr(record, name, value)
        return True

    def unlink(self, ids):
        return self.client.env["res.partner"].browse(ids).unlink()


class Odooly(Client):
    def __init__(self, login, key):
        self.client = self.connect(login, key)
        self.uid = self.client.env.uid

    @staticmethod
    def connect(login, key):
        return odooly.Client(f"{URL}/jsonrpc", DATABASE, login, key)

    def call(self, model, method, *args, **kwargs):
        return self.client.env.execute(model, method, *args, **kwargs)

    def search_read(self, domain, fields, **options):
        return self.client.env["res.partner"].search(domain, **options).read(fields)

    def create(self, values):
        return self.client.env["res.partner"].create(values).id

    def write(self, ids, values):
        return self.client.env["res.partner"].browse(ids).write(values)

    def read(self, ids, fields):
        return self.client.env["res.partner"].read(ids, fields)

    def unlink(self, ids):
        return self.client.env["res.partner"].browse(ids).unlink()


class OdoolyJson2(Odooly):
    @staticmethod
    def connect(login, key):
        return odooly.Client(URL, DATABASE, LOGIN, api_key=key)


class AioOdooRpc(Client):
    def __init__(self, login, key):
        self.loop = asyncio.Runner()
        self.client = aio_odoorpc.AsyncOdooRPC(
            database=DATABASE,
            username_or_uid=login,
            password=key,
            # This client posts to /jsonrpc/.
            http_client=httpx.AsyncClient(base_url=f"{URL}/jsonrpc"),
            default_model_name="res.partner",
        )
        self.uid = self.loop.run(self.client.login())

    def call(self, model, method, ids, **kwargs):
        return self.loop.run(self.client.execute_kw(method, ids, kwargs, model_name=model))

    def search_read(self, domain, fields, **options):
        return self.loop.run(self.client.search_read(domain, fields=fields, **options))

    def create(self, values):
        return self.call("res.partner", "create", [values])

    def write(self, ids, values):
        return self.loop.run(self.client.write(ids, values))

    def read(self, ids, fields):
        return self.loop.run(self.client.read(ids, fields=fields))


class OdooJson2(Client):
    def __init__(self, login, key):
        self.client = odoo_json2.JSON2Client(URL, key, DATABASE)
        self.uid = self.client.call("res.users", "context_get")["uid"]
        self.version = self.client.version()

    def call(self, model, method, *args, **kwargs):
        return getattr(self.client.env[model], method)(*args, **kwargs)

    def on(self, method, ids, **kwargs):
        return self.client.call("res.partner", method, ids=ids, **kwargs)


class PyodooClient(Client):
    def __init__(self, login, key):
        self.client = pyodoo_client.OdooClient(URL, api_key=key, db=DATABASE, debug=True)
        self.uid = self.client.uid

    def call(self, model, method, *args, **kwargs):
        return self.client.model(model).execute(method, *args, **kwargs)

    def search_read(self, domain, fields, **options):
        return self.call("res.partner", "search_read", {"domain": domain, "fields": fields, **options})

    def read(self, ids, fields):
        return self.call("res.partner", "read", {"ids": ids, "fields": fields})

    def on(self, method, ids, **kwargs):
        return self.call("res.partner", method, {"ids": ids, **kwargs})


CLIENTS = {
    "xmlrpc.client": Xmlrpc,
    "xmlrpc.client, version 1": XmlrpcFirst,
    "erppeek": Erppeek,
    "odoo-client-lib, xmlrpc": OdooLib,
    "odoo-client-lib, jsonrpc": OdooLibJsonrpc,
    "odoo-client-lib, json2": OdooLibJson2,
    "odoorpc": OdooRpc,
    "odooly, jsonrpc": Odooly,
    "odooly, json2": OdoolyJson2,
    "aio-odoorpc": AioOdooRpc,
    "odoo-json2": OdooJson2,
    "pyodoo-client": PyodooClient,
}


# The `debug` part of an error, in JSON or as Python prints it.
DEBUG = re.compile(r"""(['"])debug\1: ?(['"])(?:\\.|(?!\2).)*\2(, )?""", re.DOTALL)


def last_line(text):
    """What was raised: the last line of Odoo's traceback, or the first line of ours."""
    if text.startswith("Traceback"):
        return text.strip().split("\n")[-1]
    return text.split("\nRequest ")[0]


def raised(run):
    """The result of `run`, or what a script sees of the error that it raises."""
    try:
        return {"result": run()}
    except Fault as fault:
        return {"class": "Fault", "code": fault.faultCode, "text": last_line(fault.faultString)}
    except Exception as error:
        # Some clients quote the raw answer, with or without blanks, and the request.
        text = re.sub(r"(?<=[:,]) | for data .*", "", DEBUG.sub("", str(error))).replace(",}", "}")
        return {"class": type(error).__name__, "text": text}


def without_id(record, made):
    """The record with a word instead of its id, which differs each time."""
    return {**record, "id": "made"} if record["id"] == made else record


def scenario(connect):
    client = connect(LOGIN, KEY)
    created = client.create(VALUES)
    made = created[0] if isinstance(created, list) else created
    one = [made]
    written = client.write(one, CHANGES)
    read = client.read(one, FIELDS)
    record = read[0] if isinstance(read, list) else read
    children = record["child_ids"]
    record["child_ids"] = len(children)
    found = client.search_read([["id", "in", [*one, 1]]], ["name", "parent_id", "country_id"], order="id", limit=2)
    return {
        "uid": client.uid,
        "version": getattr(client, "version", None),
        "created": type(created).__name__ if isinstance(created, list) else "id",
        "written": written,
        "read": without_id(record, made),
        "types": {name: type(value).__name__ for name, value in record.items()},
        "found": [without_id(other, made) for other in found],
        "copied": len(client.on("copy", one)),
        "nothing": raised(lambda: client.on("action_archive", one)),
        "faults": {
            "user": raised(lambda: client.on("write", one, vals={"parent_id": made})),
            "missing": raised(lambda: client.on("write", [99_999_999], vals={"name": "x"})),
            "access": raised(lambda: client.on("_write", one, vals_list={})),
            "method": raised(lambda: client.on("nope", one)),
            "field": raised(lambda: client.search_read([["nope", "=", 1]], ["name"])),
            "key": raised(lambda: connect("nobody", "wrong").search_read([["id", "=", 1]], ["name"])),
        },
        "unlinked": client.unlink([*one, *children]),
        "gone": client.search_read([["id", "in", one]], ["name"]),
    }


def report(name):
    try:
        return scenario(CLIENTS[name])
    except Exception:
        return {"failed": traceback.format_exc()}


if __name__ == "__main__":
    names = sys.argv[5:] or list(CLIENTS)
    # Some clients print to stdout, which must contain only the report.
    with ThreadPoolExecutor(3) as pool, redirect_stdout(sys.stderr):
        reports = dict(zip(names, pool.map(report, names), strict=True))
    print(json.dumps(reports, default=lambda value: type(value).__name__))
