"""Runs the official Python client and fastmcp against GATEWAY: they read, describe, aggregate, create, and get a refusal.

With KEY, they use the key. Otherwise they ask the user through the browser, and wait at the end until their token has
expired.
"""

import asyncio
import json
import os
import sys
import webbrowser
from urllib.parse import parse_qs, urlsplit

import httpx2
from fastmcp import Client
from fastmcp.client.auth import OAuth
from fastmcp.client.transports import StreamableHttpTransport
from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

URL = f"{os.environ['GATEWAY']}/mcp"
KEY = os.environ.get("KEY")
HEADERS = {"Authorization": f"Bearer {KEY}"} if KEY else {}
CREATE = {"model": "res.partner", "values": {"name": os.environ["NAME"]}}


async def use(list_tools, call):
    names = [tool.name for tool in await list_tools()]
    found = await call("search_records", {"model": "res.partner", "limit": 2, "fields": ["name"]})
    described = await call("describe_model", {"model": "sale.order"})
    groups = await call("aggregate", {"model": "res.partner", "group_by": ["country_id"]})
    shown = await call("create_record", CREATE)
    done = await call("create_record", {**CREATE, "confirm": shown["confirm"]})
    unread = await call("search_records", {"model": "ir.cron"})
    unwritten = await call("update_records", {"model": "ir.cron", "ids": [1], "values": {"active": False}})
    if not KEY:
        await asyncio.sleep(float(os.environ["EXPIRED_AFTER_S"]))
    later = await call("search_records", {"model": "res.partner", "limit": 1})
    return {
        "tools": len(names),
        "found": len(found["records"]),
        "described": "partner_id" in described["fields"],
        "groups": len(groups["groups"]) > 0,
        "shown": shown["status"],
        "done": done["status"],
        "refused": [unread["reason"], unwritten["reason"]],
        "later": len(later["records"]),
    }


def data(result):
    structured = getattr(result, "structured_content", None)
    return structured if structured is not None else json.loads(result.content[0].text)


class Memory:
    """The official client's storage. No app is stored at first, so the client registers itself."""

    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client_info):
        self.client = client_info


async def by_browser():
    """Signs the official client in through a browser, which is then redirected to a port of this program."""
    came_back = asyncio.get_running_loop().create_future()

    async def answer(reader, writer):
        query = parse_qs(urlsplit((await reader.readline()).split()[1].decode()).query)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        came_back.set_result(AuthorizationCodeResult(**{name: values[0] for name, values in query.items()}))

    async def wait():
        nonlocal came_back
        result = await came_back
        came_back = asyncio.get_running_loop().create_future()
        return result

    async def visit(address):
        webbrowser.open(address)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    callback = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/callback"
    about = OAuthClientMetadata(client_name="Python", redirect_uris=[callback], token_endpoint_auth_method="none")  # noqa: S106
    return OAuthClientProvider(URL, about, Memory(), redirect_handler=visit, callback_handler=wait)


async def official():
    auth = None if KEY else await by_browser()
    async with (
        httpx2.AsyncClient(headers=HEADERS, auth=auth) as http,
        streamable_http_client(URL, http_client=http) as (read, write, *_),
        ClientSession(read, write) as session,
    ):
        await session.initialize()

        async def list_tools():
            return (await session.list_tools()).tools

        async def call(name, arguments):
            return data(await session.call_tool(name, arguments))

        return await use(list_tools, call)


async def fast():
    auth = None if KEY else OAuth(client_id=os.environ["CLIENT_ID"], callback_host="127.0.0.1")
    async with Client(StreamableHttpTransport(URL, headers=HEADERS, auth=auth)) as client:

        async def call(name, arguments):
            return data(await client.call_tool(name, arguments, raise_on_error=False))

        return await use(client.list_tools, call)


print(json.dumps(asyncio.run({"official": official, "fastmcp": fast}[sys.argv[1]]())))  # noqa: T201
