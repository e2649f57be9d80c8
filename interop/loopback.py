"""What the Python clients share: arguments, the guard that keeps them on the sandbox's address, and
the row they print.

A client script calls `main` with its framings and scenarios. A scenario is an async function that
gets the sandbox and the name of a framing, returns one line of detail, and fails by raising.
"""

import clock  # before whatever keeps time

import argparse
import asyncio
import collections
import dataclasses
import ipaddress
import logging
import os
import pathlib
import socket
import sys
import threading
import time

SECONDS_PER_ROW = 60


@dataclasses.dataclass(frozen=True)
class Sandbox:
    """Where the sandbox listens and what a client has to know of it."""

    host: str
    port: int
    dc: int
    key: str  # PEM, PKCS#1
    secret: bytes  # of the MTProxy on the same port; 16 bytes
    control: "Control | None"  # where it takes commands


class Control:
    """The sandbox's second port, at which it is driven."""

    def __init__(self, host, port):
        self._stream = socket.create_connection((host, port), timeout=10).makefile("rw")

    def command(self, line):
        """Has the sandbox carry out a command, and returns what it tells."""
        self._stream.write(f"{line}\n")
        self._stream.flush()
        result, _, told = self._stream.readline().rstrip("\n").partition(" ")
        if result != "ok":
            raise AssertionError(f"the sandbox answered {line!r}: {result} {told}")
        logging.debug("sandbox: %s: %s", line, told)
        return told

    def advance(self, seconds):
        """Moves the sandbox's clocks and this process's on, by as much."""
        self.command(f"advance {seconds}")
        clock.advance(seconds)

    def stats(self):
        """What the sandbox has counted, by name; 0 for what it has not."""
        pairs = (pair.split("=") for pair in self.command("stats").split())
        return collections.Counter({name: int(value) for name, value in pairs})


def main(client, version, layer, framings, scenarios):
    """Runs one scenario over one framing, prints its row, returns the exit code (0: well)."""
    parser = argparse.ArgumentParser(description=f"{client} against the sandbox")
    parser.add_argument("scenario", choices=scenarios)
    parser.add_argument("framing", choices=framings)
    parser.add_argument("--address", required=True, help="the sandbox's host:port, on loopback")
    parser.add_argument("--key", required=True, help="file with its RSA public key, PKCS#1 PEM")
    parser.add_argument("--proxy-secret", required=True, help="32 hexadecimal digits")
    parser.add_argument("--control", help="the host:port at which it takes commands")
    parser.add_argument("--dc", type=int, default=2, help="the data centre that it plays")
    options = parser.parse_args()

    host, port = _address(options.address)
    allowed = {(host, port)}
    key = pathlib.Path(options.key).read_text()
    secret = bytes.fromhex(options.proxy_secret)
    logging.basicConfig(
        level=logging.INFO if options.control else logging.DEBUG,
        stream=sys.stderr,
        format="%(relativeCreated)d %(name)s %(message)s",
    )
    if options.control:
        allowed.add(_address(options.control))
    refused = _stay_on(host, allowed)
    control = Control(*_address(options.control)) if options.control else None
    sandbox = Sandbox(host, port, options.dc, key, secret, control)
    start = time.perf_counter()

    def report(well, detail):
        if refused:
            well, detail = False, f"tried to reach {', '.join(sorted(refused))}; {detail}"
        seconds = f"{time.perf_counter() - start:.1f}"
        result = "ok" if well else "failed"
        line = " ".join(str(detail).split())
        columns = (client, version, layer, options.framing, options.scenario, result, seconds, line)
        print("row", *columns, sep="\t", flush=True)
        return well

    def too_late():
        report(False, f"not done after {SECONDS_PER_ROW} s")
        os._exit(2)

    # A client's cleaning up may hang too: the deadline ends the process, not only the scenario.
    deadline = threading.Timer(SECONDS_PER_ROW, too_late)
    deadline.daemon = True
    deadline.start()
    try:
        detail = asyncio.run(scenarios[options.scenario](sandbox, options.framing))
        well = True
    except Exception as error:
        logging.exception("the scenario failed")
        detail = f"{type(error).__name__}: {error}"
        well = False
    deadline.cancel()
    return 0 if report(well, detail) else 1


def check_config(sandbox, this_dc, options):
    """Refuses a Config that would lead its reader anywhere but to the sandbox.

    `options` are (dc, address, port) of each DC option. Returns the line of detail.
    """
    here = (sandbox.dc, sandbox.host, sandbox.port)
    if this_dc != sandbox.dc:
        raise AssertionError(f"this_dc is {this_dc}, dialled was {sandbox.dc}")
    for _, address, _ in options:
        if not ipaddress.ip_address(address).is_loopback:
            raise AssertionError(f"dc_options lead to {address}")
    if here not in options:
        raise AssertionError(f"dc_options lack {here}: {options}")
    return f"this_dc {this_dc}, dc options {len(options)}"


class NotTheSandbox(ConnectionError):
    pass


def _address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def _stay_on(host, allowed):
    """Lets this process reach the `allowed` addresses, which are on `host`, and nothing else, whatever
    a library's tables say.

    Returns the set to which every other target is added when it is refused.
    """
    refused = set()

    def refuse(target):
        refused.add(target)
        raise NotTheSandbox(target)

    def hook(event, arguments):
        # An address that is no tuple is no address of the Internet: asyncio wakes itself by those.
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            address = arguments[1]
            if isinstance(address, tuple) and address[:2] not in allowed:
                refuse(f"{address[0]}:{address[1]}")
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            if arguments[0] != host:
                refuse(str(arguments[0]))

    sys.addaudithook(hook)
    try:
        socket.create_connection((host, 1))
    except NotTheSandbox:
        refused.clear()
        return refused
    raise AssertionError("the guard let a connection through")
