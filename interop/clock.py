"""This process's time, which can be driven forward as the sandbox's can.

To be imported before anything that keeps time: libraries that copy `time.time` get ours then, and
asyncio's timers run by `time.monotonic`. Time goes on flowing between the leaps.
"""

import time

_ahead = 0.0
_system = {name: getattr(time, name) for name in ("time", "monotonic")}


def advance(seconds):
    """Moves both clocks on; timers that are due then run when the event loop comes to them."""
    global _ahead
    _ahead += seconds


def _driven(name):
    system = _system[name]
    return lambda: system() + _ahead


for _name in _system:
    setattr(time, _name, _driven(_name))
    setattr(time, f"{_name}_ns", lambda seconds=_driven(_name): int(seconds() * 1e9))
