"""Telethon with cryptg, measured. Arguments and output are those of the programs beside it."""

import asyncio
import contextlib
import random
import sys
import time

from telethon import TelegramClient, errors, events
from telethon.crypto import AuthKey, rsa
from telethon.network import connection
from telethon.sessions import MemorySession
from telethon.tl.functions.help import GetNearestDcRequest
from telethon.tl.types import InputPeerUser

PATIENCE = 30
MIB = 1 << 20


class Task:
    def __init__(self, scenario, address, server_key, auth_key, user, count, width):
        self.scenario = scenario
        host, _, port = address.rpartition(":")
        self.address = (host, int(port))
        with open(server_key, encoding="ascii") as file:
            self.server_key = file.read()
        self.auth_key = bytes.fromhex(auth_key)
        self.user, self.count, self.width = int(user), int(count), int(width)


class Meter:
    def __init__(self):
        self.cpu, self.wall = time.process_time(), time.monotonic()

    def report(self, name, amount):
        cpu, wall = time.process_time() - self.cpu, time.monotonic() - self.wall
        print(f"row\t{name}\t{amount}\t{cpu:.6f}\t{wall:.6f}", flush=True)


def stay_here(task):
    """Refuses every connection but to the sandbox."""

    def check(event, arguments):
        if event == "socket.connect" and arguments[1] != task.address:
            raise ConnectionError(f"not the sandbox: {arguments[1]}")

    sys.addaudithook(check)


def session_for(task, with_key=True):
    rsa._server_keys.clear()
    rsa.add_key(task.server_key, old=False)
    session = MemorySession()
    session.set_dc(2, *task.address)
    if with_key:
        session.auth_key = AuthKey(task.auth_key)
    return session


def client_for(task, session=None):
    # The framing of its default is the full one; the abridged one is what costs least.
    return TelegramClient(
        session or session_for(task),
        api_id=1,
        api_hash="0" * 32,
        connection=connection.ConnectionTcpAbridged,
        receive_updates=task.scenario in ("updates", "echo"),
    )


async def calls(task):
    client = client_for(task)
    await client.connect()
    await client(GetNearestDcRequest())
    each = task.count // task.width

    async def caller():
        for _ in range(each):
            await client(GetNearestDcRequest())

    meter = Meter()
    await asyncio.gather(*(caller() for _ in range(task.width)))
    meter.report("calls", each * task.width)
    await client.disconnect()


async def connections(task):
    saved = session_for(task)
    for _ in range(task.count):
        session = saved if task.scenario == "connect" else session_for(task, with_key=False)
        meter = Meter()
        client = client_for(task, session)
        # Before a login its first question is refused, and that is its first answer.
        with contextlib.suppress(errors.UnauthorizedError):
            await client.connect()
            await client(GetNearestDcRequest())
        meter.report(task.scenario, 1)
        await client.disconnect()


async def updates(task):
    client = client_for(task)
    came, meter, done = -1, Meter(), asyncio.Event()

    async def heard(event):
        nonlocal came, meter
        if came == -1:  # the first makes the sender known
            print("ready", flush=True)
        if came == 0:
            meter = Meter()
        came += 1
        if came == task.count:
            done.set()

    client.add_event_handler(heard, events.NewMessage)
    await client.connect()
    await client.get_me()
    print("ready", flush=True)
    try:
        await asyncio.wait_for(done.wait(), PATIENCE)
    except TimeoutError:
        pass
    meter.report("updates", came)
    await client.disconnect()


async def echo(task):
    client = client_for(task)
    came, answered, meter, done = -1, 0, Meter(), asyncio.Event()

    async def heard(event):
        nonlocal came, answered, meter
        if came == 0:
            meter = Meter()
        came += 1
        if came == 0:  # the first makes the sender known
            print("ready", flush=True)
            return
        # Who wrote comes in a short form, which shows nobody; bots may name users without a hash.
        await client.send_message(InputPeerUser(event.message.peer_id.user_id, 0), event.text)
        answered += 1
        if answered == task.count:
            done.set()

    client.add_event_handler(heard, events.NewMessage(incoming=True))
    await client.connect()
    await client.get_me()
    print("ready", flush=True)
    try:
        await asyncio.wait_for(done.wait(), PATIENCE)
    except TimeoutError:
        pass
    meter.report("echo", answered)
    await client.disconnect()


async def files(task):
    client = client_for(task)
    await client.connect()
    await client.get_me()
    noise = random.Random(1).randbytes(task.count * MIB)
    meter = Meter()
    uploaded = await client.upload_file(noise, part_size_kb=512, file_name="noise.bin")
    meter.report("up", len(noise))
    sent = await client.send_file("me", uploaded, force_document=True)
    came = 0
    meter = Meter()
    async for piece in client.iter_download(sent.document, request_size=512 << 10):
        came += len(piece)
    meter.report("down", came)
    await client.disconnect()


def private_memory():
    with open("/proc/self/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) << 10 for line in file if line.startswith("Private_"))


async def idle(task):
    # What the first of all brings with it is not the clients'.
    first = client_for(task)
    await first.connect()
    before = private_memory()
    meter, clients = Meter(), []
    for _ in range(task.count):
        client = client_for(task)
        await client.connect()
        clients.append(client)
    await asyncio.sleep(1)
    meter.report("idle", max(0, private_memory() - before))
    for client in clients:
        await client.disconnect()


if __name__ == "__main__":
    task = Task(*sys.argv[1:])
    stay_here(task)
    scenarios = {
        "calls": calls,
        "connect": connections,
        "agree": connections,
        "updates": updates,
        "echo": echo,
        "files": files,
        "idle": idle,
    }
    asyncio.run(scenarios[task.scenario](task))
