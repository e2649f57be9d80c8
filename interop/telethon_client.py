"""Telethon against the sandbox."""

import asyncio
import contextlib
import sys

import cast
import loopback
import sessions
import telethon_person
from telethon import TelegramClient, __version__, errors
from telethon.crypto import rsa
from telethon.network import connection
from telethon.sessions import MemorySession
from telethon.tl.alltlobjects import LAYER
from telethon.tl.functions.help import GetAppUpdateRequest, GetConfigRequest, GetNearestDcRequest
from telethon.tl.types import Config, NearestDc

FRAMINGS = {
    "full": connection.ConnectionTcpFull,
    "abridged": connection.ConnectionTcpAbridged,
    "intermediate": connection.ConnectionTcpIntermediate,
    "obfuscated-abridged": connection.ConnectionTcpObfuscated,
    "mtproxy-abridged": connection.ConnectionTcpMTProxyAbridged,
    "mtproxy-intermediate": connection.ConnectionTcpMTProxyIntermediate,
    "mtproxy-padded": connection.ConnectionTcpMTProxyRandomizedIntermediate,
}


def client_for(sandbox, framing):
    """A client without a login whose only data centre, key and proxy are the sandbox's."""
    rsa._server_keys.clear()
    rsa.add_key(sandbox.key, old=False)
    session = MemorySession()
    session.set_dc(sandbox.dc, sandbox.host, sandbox.port)
    proxy = None
    if framing.startswith("mtproxy"):
        # Telethon cuts a leading "dd" or "ee" off the text of any secret; a plain one may begin
        # with it by chance.
        proxy = (sandbox.host, sandbox.port, "dd" + sandbox.secret.hex())
    return TelegramClient(
        session,
        api_id=1,
        api_hash="0" * 32,
        connection=FRAMINGS[framing],
        proxy=proxy,
        timeout=5,
        connection_retries=2,
        request_retries=1,
        raise_last_call_error=True,
    )


async def config(sandbox, framing):
    """A fresh key, then help.getConfig: inside initConnection while connecting, and once bare."""
    client = client_for(sandbox, framing)
    note = ""
    try:
        try:
            await client.connect()
        except errors.RPCError as error:
            # Its last step is users.getUsers(self): before login it expects an UnauthorizedError.
            note = f", users.getUsers {error.code} {error.message}"
        answer = await client(GetConfigRequest())
        if not isinstance(answer, Config):
            raise AssertionError(f"help.getConfig answered {answer}")
        options = [(option.id, option.ip_address, option.port) for option in answer.dc_options]
        return loopback.check_config(sandbox, answer.this_dc, options) + note
    finally:
        await client.disconnect()


@contextlib.asynccontextmanager
async def talk(sandbox, framing):
    """A client that is connected, for `sessions`."""
    client = client_for(sandbox, framing)

    async def ask(count):
        answers = await asyncio.gather(*(client(GetNearestDcRequest()) for _ in range(count - 1)))
        for answer in answers:
            if not isinstance(answer, NearestDc) or answer.this_dc != sandbox.dc:
                raise AssertionError(f"help.getNearestDc answered {answer}")
        answer = await client(GetConfigRequest())
        if not isinstance(answer, Config):
            raise AssertionError(f"help.getConfig answered {answer}")

    async def ask_large(length):
        try:
            return str(await client(GetAppUpdateRequest("x" * length)))
        except errors.RPCError as error:
            return str(error)

    try:
        await client.connect()
        yield sessions.Talk(
            ask,
            ask_large,
            session_id=lambda: client._sender._state.id,
            heard=lambda: client._sender._state._highest_remote_id,
            # The next ping would find that the last one has no answer yet, and redial.
            is_quiet=lambda: client._sender._ping is None and not client._sender._pending_state,
            # It pings every 60 s.
            step=250,
            packs=True,
            fills_containers=True,
            answers_state_requests=True,
            corrects_its_clock=True,
            fails_by=tuple(f"refuse {code}" for code in (18, 19, 20, 34, 35, 64))
            + ("refuse-containers 1",),
            hangs_by=("announce on",),
        )
    finally:
        await client.disconnect()


if __name__ == "__main__":
    kind = telethon_person.TelethonPerson
    kind.client_for = staticmethod(client_for)
    scenarios = {"config": config, **sessions.scenarios(talk), **cast.scenarios(kind)}
    sys.exit(loopback.main("telethon", __version__, LAYER, FRAMINGS, scenarios))
