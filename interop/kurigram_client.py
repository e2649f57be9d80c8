"""Kurigram, the Pyrogram that is still kept, against the sandbox."""

import hashlib
import sys

import loopback
import rsa as pem
from pyrogram import Client, __version__, raw
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
from pyrogram.crypto import rsa
from pyrogram.raw.all import layer
from pyrogram.raw.core import Bytes

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


if __name__ == "__main__":
    sys.exit(loopback.main("kurigram", __version__, layer, FRAMINGS, {"config": config}))
