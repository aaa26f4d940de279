"""The official Python client and fastmcp against GATEWAY with KEY: read, describe, aggregate, create, be refused."""

import asyncio
import json
import os
import sys

import httpx2
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

URL = f"{os.environ['GATEWAY']}/mcp"
HEADERS = {"Authorization": f"Bearer {os.environ['KEY']}"}
CREATE = {"model": "res.partner", "values": {"name": f"Python {sys.argv[1]}"}}


async def use(list_tools, call):
    names = [tool.name for tool in await list_tools()]
    found = await call("search_records", {"model": "res.partner", "limit": 2, "fields": ["name"]})
    described = await call("describe_model", {"model": "sale.order"})
    groups = await call("aggregate", {"model": "res.partner", "group_by": ["country_id"]})
    shown = await call("create_record", CREATE)
    done = await call("create_record", {**CREATE, "confirm": shown["confirm"]})
    refused = await call("search_records", {"model": "ir.cron"})
    return {
        "tools": len(names),
        "found": len(found["records"]),
        "described": "partner_id" in described["fields"],
        "groups": len(groups["groups"]) > 0,
        "shown": shown["status"],
        "done": done["status"],
        "refused": refused["reason"],
    }


def data(result):
    structured = getattr(result, "structured_content", None)
    return structured if structured is not None else json.loads(result.content[0].text)


async def official():
    async with (
        httpx2.AsyncClient(headers=HEADERS) as http,
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
    async with Client(StreamableHttpTransport(URL, headers=HEADERS)) as client:

        async def call(name, arguments):
            return data(await client.call_tool(name, arguments, raise_on_error=False))

        return await use(client.list_tools, call)


print(json.dumps(asyncio.run({"official": official, "fastmcp": fast}[sys.argv[1]]())))  # noqa: T201
