"""Talks to `heymarket mcp` with the client of the Python SDK, over both transports.

The SDK validates each structured result by the tool's output schema. The sandbox is inside of the command.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx2
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import ElicitResult

BINARY = sys.argv[1]
DRAFT = {"to": "15550100101", "inbox_id": 41001, "member_id": 50001, "text": "On its way."}


def environment(home):
    return {"HOME": home, "PATH": os.environ["PATH"], "XDG_CONFIG_HOME": home}


async def done(session, name, arguments):
    result = await session.call_tool(name, arguments)
    assert not result.is_error, (name, result.content)
    text = json.loads(result.content[0].text)
    assert text == result.structured_content, name
    return result.structured_content


async def read(session):
    """Calls tools that read."""
    found = await done(session, "find_conversations", {"phone": "+1 555 010 0101"})
    conversation = found["items"][0]["id"]
    thread = await done(session, "read_thread", {"conversation_id": conversation, "limit": 5})
    assert len(thread["messages"]) == 5
    for message in thread["messages"]:
        tag = thread["_notice"].split("<")[1].split(">")[0]
        assert message["text"]["data"].startswith(f"<{tag}>"), message
        assert message["text"]["written_by"], message
    contacts = await done(session, "search_contacts", {"query": "avery"})
    assert contacts["items"]
    tags = await done(session, "call_operation", {"operation": "list_tags"})
    assert len(tags["items"]) == 6


async def stdio(home, arguments, check, **options):
    parameters = StdioServerParameters(
        command=BINARY, args=["mcp", "--sandbox", *arguments], env=environment(home)
    )
    async with stdio_client(parameters) as (source, sink):
        async with ClientSession(source, sink, **options) as session:
            await session.initialize()
            await check(session)


async def only_reads(session):
    tools = (await session.list_tools()).tools
    assert all(tool.annotations.read_only_hint for tool in tools), tools
    await read(session)
    draft = await done(session, "draft_message", DRAFT)
    assert "draft" not in draft, draft


async def every_toolset(session):
    tools = (await session.list_tools()).tools
    assert len(tools) > 50, len(tools)
    await done(session, "list_contacts", {"limit": 3})
    await done(session, "get_conversation", {"id": 9920})
    await done(session, "create_tag", {"tag": "agent", "color": "#112233"})


def sends(questions, outcome):
    async def check(session):
        draft = await done(session, "draft_message", DRAFT)
        token = {"token": draft["draft"]["token"]}
        sent = await session.call_tool("send_draft", token)
        if outcome == "declined":
            assert sent.is_error and "declined" in sent.content[0].text, sent
        else:
            assert sent.structured_content["outcome"] == "sent", sent
        again = await session.call_tool("send_draft", token)
        if outcome == "declined":
            assert again.is_error, again
        else:
            assert "not sent again" in again.structured_content["note"], again

    return check


def answers(questions, action):
    async def answer(context, params):
        questions.append(params.message)
        return ElicitResult(action=action, content={} if action == "accept" else None)

    return answer


async def over_http(home):
    process = subprocess.Popen(
        [BINARY, "mcp", "--sandbox", "--http", "--port", "0"],
        env=environment(home), stderr=subprocess.PIPE, text=True,
    )
    try:
        notice = process.stderr.readline()
        url = notice.split("serving ")[1].split(";")[0]
        file = Path(notice.strip().split("the bearer token is in ")[1])
        assert file.stat().st_mode & 0o777 == 0o600, oct(file.stat().st_mode)
        headers = {"Authorization": f"Bearer {file.read_text().strip()}"}
        async with httpx2.AsyncClient() as client:
            assert (await client.post(url, json={})).status_code == 401
        async with httpx2.AsyncClient(headers=headers) as client:
            async with streamable_http_client(url, http_client=client) as streams:
                async with ClientSession(streams[0], streams[1]) as session:
                    await session.initialize()
                    await read(session)
    finally:
        process.terminate()
        process.wait(timeout=10)
    assert process.returncode == 0, process.returncode


async def main():
    with tempfile.TemporaryDirectory() as home:
        await stdio(home, [], only_reads)
        await stdio(home, ["--allow-writes", "--toolsets", "all"], every_toolset)
        await stdio(home, ["--allow-sends"], sends([], "sent"))
        for action, outcome in [("accept", "sent"), ("decline", "declined")]:
            questions = []
            await stdio(
                home, ["--allow-sends"], sends(questions, outcome),
                elicitation_callback=answers(questions, action),
            )
            assert len(questions) == 1 and "On its way." in questions[0], questions
        await over_http(home)
    print("the client of the Python SDK: reading, two-step sending, elicitation, HTTP")


asyncio.run(main())
