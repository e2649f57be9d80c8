"""Kurigram, the Pyrogram that is still kept, against the sandbox."""

import asyncio
import contextlib
import hashlib
import sys

import cast
import cryptg
import kurigram_person
import loopback
import sessions
import rsa as pem
from pyrogram import Client, __version__, errors, raw
from pyrogram.connection import Connection
from pyrogram.connection.proxy import MTProxy
from pyrogram.connection.transport import (
    TCPAbridged,
    TCPAbridgedO,
    TCPFull,
    TCPIntermediate,
    TCPIntermediateO,
    TCPIntermediatePadded,
)
from pyrogram.crypto import aes, rsa
from pyrogram.raw.all import layer
from pyrogram.raw.core import Bytes

# In Python it takes 2 s for a megabyte, in which its loop stands still and its links die.
aes.ige256_encrypt, aes.ige256_decrypt = cryptg.encrypt_ige, cryptg.decrypt_ige

FRAMINGS = {
    "full": TCPFull,
    "abridged": TCPAbridged,
    "intermediate": TCPIntermediate,
    "padded": TCPIntermediatePadded,
    "obfuscated-abridged": TCPAbridgedO,
    "obfuscated-intermediate": TCPIntermediateO,
    "mtproxy-abridged": TCPAbridged,
    "mtproxy-padded": TCPIntermediatePadded,
}


def client_for(sandbox, framing):
    """A client without a login whose only key is the sandbox's, and all of whose connections lead
    there, whatever address it asks for."""
    key = pem.PublicKey.load_pkcs1(sandbox.key.encode())
    text = Bytes(key.n.to_bytes(256, "big")) + Bytes(key.e.to_bytes(3, "big"))
    fingerprint = int.from_bytes(hashlib.sha1(text).digest()[-8:], "little", signed=True)
    rsa.server_public_keys.clear()
    rsa.server_public_keys[fingerprint] = rsa.PublicKey(key.n, key.e)

    class ToSandbox(Connection):
        # A new session takes Telegram's DC 2 from a table; no argument names another address.
        def __init__(self, dc_id, server_address, port, *arguments, **options):
            super().__init__(dc_id, sandbox.host, sandbox.port, *arguments, **options)

    proxy = None
    if framing.startswith("mtproxy"):
        marker = b"\xdd" if framing == "mtproxy-padded" else b""
        proxy = MTProxy(sandbox.host, sandbox.port, marker + sandbox.secret)
    return Client(
        "interop",
        api_id=1,
        api_hash="0" * 32,
        in_memory=True,
        proxy=proxy,
        connection_factory=ToSandbox,
        protocol_factory=FRAMINGS[framing],
    )


async def config(sandbox, framing):
    """A fresh key over one connection; over a second one a ping, then help.getConfig: inside
    initConnection while connecting, and once bare."""
    client = client_for(sandbox, framing)
    try:
        await client.connect()
        answer = await client.invoke(raw.functions.help.GetConfig())
        if not isinstance(answer, raw.types.Config):
            raise AssertionError(f"help.getConfig answered {answer}")
        options = [(option.id, option.ip_address, option.port) for option in answer.dc_options]
        return loopback.check_config(sandbox, answer.this_dc, options)
    finally:
        if client.is_connected:
            await client.disconnect()


@contextlib.asynccontextmanager
async def talk(sandbox, framing):
    """A client that is connected, for `sessions`."""
    client = client_for(sandbox, framing)

    async def ask(count):
        queries = [raw.functions.help.GetNearestDc()] * (count - 1) + [raw.functions.help.GetConfig()]
        *nearest, config = await asyncio.gather(*map(client.invoke, queries))
        for answer in nearest:
            if not isinstance(answer, raw.types.NearestDc) or answer.this_dc != sandbox.dc:
                raise AssertionError(f"help.getNearestDc answered {answer}")
        if not isinstance(config, raw.types.Config):
            raise AssertionError(f"help.getConfig answered {config}")

    async def ask_large(length):
        try:
            return str(await client.invoke(raw.functions.help.GetAppUpdate(source="x" * length)))
        except errors.RPCError as error:
            return str(error)

    async def reconnected():
        started = client.session.is_started
        while started.is_set():
            await asyncio.sleep(0.001)
        await started.wait()

    async def acknowledge_all():
        # It acknowledges when ten messages are due. What is not acknowledged comes again after a nap,
        # and Kurigram throws away all that comes with a message that is old or known.
        while sandbox.control.stats()["unacknowledged"]:
            await ask(1)
            await asyncio.sleep(0.005)

    try:
        await client.connect()
        yield sessions.Talk(
            ask,
            ask_large,
            session_id=lambda: client.session.session_id,
            heard=lambda: client.session.stored_msg_ids[-1:],
            is_quiet=lambda: not client.session.results,
            # It pings every 5 s, and gives a connection up on which it heard nothing for 10.
            step=9,
            nap=1500,
            before_nap=acknowledge_all,
            reconnected=reconnected,
            fails_by=tuple(f"refuse {code}" for code in (16, 17, 18, 19, 20, 32, 33, 34, 35, 64)),
            hangs_by=("announce on",),
        )
    finally:
        if client.is_connected:
            await client.disconnect()


if __name__ == "__main__":
    kind = kurigram_person.KurigramPerson
    kind.client_for = staticmethod(client_for)
    scenarios = {"config": config, **sessions.scenarios(talk), **cast.scenarios(kind)}
    sys.exit(loopback.main("kurigram", __version__, layer, FRAMINGS, scenarios))
