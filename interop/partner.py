"""The other client of the scenario `across`, in Python: it does what it is told, line by line.

What is asked and answered is in layer-client/examples/interop/partner.rs. A client's script gives a
subclass of `Partner`, whose methods are what it can be told to do.
"""

import asyncio
import json
import logging
import sys

# Within so many seconds that comes which comes by itself.
PATIENCE = 5


class Partner:
    """A user or a bot. Methods are called with what a request has beside `do` and `who`."""

    def __init__(self, sandbox, framing):
        self.sandbox, self.framing = sandbox, framing
        self._told = {kind: asyncio.Queue() for kind in ("message", "edit", "delete", "press")}
        self.heard = {}
        self.query = None

    def tell(self, kind, what):
        """The library has told this."""
        self._told[kind].put_nowait(what)

    async def next(self, kind):
        try:
            what = await asyncio.wait_for(self._told[kind].get(), PATIENCE)
        except asyncio.TimeoutError:
            raise AssertionError(f"waited in vain for a {kind}") from None
        if kind == "message":
            self.heard[what.id] = what
        if kind == "press":
            self.query = what
        return self.described(kind, what)

    def described(self, kind, what):
        """A thing that was told, in plain words."""
        raise NotImplementedError

    async def leave(self):
        raise NotImplementedError


def scenario(partner, version, layer):
    """The scenario `partner`, whose users and bots `partner(sandbox, framing)` makes."""

    async def run(sandbox, framing):
        _say({"ok": {"version": version, "layer": layer}})
        everybody = {}
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            request = json.loads(line)
            what, who = request.pop("do"), request.pop("who")
            if what == "quit":
                for one in everybody.values():
                    await one.leave()
                _say({"ok": None})
                return "left in order"
            if who not in everybody:
                everybody[who] = partner(sandbox, framing)
            try:
                _say({"ok": await getattr(everybody[who], what)(**request)})
            except Exception as error:
                logging.exception("%s: %s failed", who, what)
                _say({"error": f"{type(error).__name__}: {error}"})
        raise AssertionError("nobody said that it may leave")

    return run


def _say(answer):
    print("partner", json.dumps(answer), sep="\t", flush=True)

