"""Scenarios `session` and `faults`, for the clients in Python; their twin for Node.js is sessions.mjs.

`session`: one session is held for ten lifetimes of a salt while the clocks of the sandbox and of the
client are driven together; then comes trouble. `faults`: what servers do rarely, each with a client
of its own. What has happened is read from the sandbox's own counts.
"""

import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable

SALT_LIFE = 3600
SALT_STEP = SALT_LIFE // 2
LIFETIMES = 10


async def _at_once():
    pass


@dataclasses.dataclass(frozen=True)
class Talk:
    """What the scenario asks of a client that is connected."""

    # Calls so many methods at once and checks every answer.
    ask: Callable[[int], Awaitable[None]]
    # Calls a method that the sandbox does not know, with so many bytes, and returns the error's text.
    ask_large: Callable[[int], Awaitable[str]]
    # The session's id.
    session_id: Callable[[], int]
    # Changes whenever the client has understood a message.
    heard: Callable[[], object]
    # Whether the client waits for nothing.
    is_quiet: Callable[[], bool]
    # Seconds between two leaps: more than between two pings, less than the server is patient for, and
    # less than 300, lest what was sent just before a leap be too old after it.
    step: int
    # In each half hour, the client's machine is put to sleep for so many seconds, in one leap: for a
    # client that pings so often that ten hours of it would last too long.
    nap: int = 0
    # What has to be done before that, lest the client not find its way back.
    before_nap: Callable[[], Awaitable[None]] = _at_once
    # Waits until the client has noticed that it lost its connection, and has another.
    reconnected: Callable[[], Awaitable[None]] = _at_once
    # What the library can do, so that it is demanded.
    packs: bool = False
    fills_containers: bool = False
    answers_state_requests: bool = False
    corrects_its_clock: bool = False
    # By which of FAULTS the calls under way fail, later ones not; and by which they are never answered.
    fails_by: tuple[str, ...] = ()
    hangs_by: tuple[str, ...] = ()


# What a server may do, as the commands that make the sandbox do it.
FAULTS = (
    # A packet refused: the clock (16, 17), its identifier (18 to 20), its number (32 to 35), its salt.
    *(f"refuse {code}" for code in (16, 17, 18, 19, 20, 32, 33, 34, 35, 48, 64)),
    "refuse-containers 1",
    # msg_detailed_info in place of the answers, which the client has to ask for.
    "announce on",
    "no-containers on",
    "tell-states 1",
    "ask-resend 1",
    "strict-acks on",
)


def scenarios(talk):
    """The scenarios with a client that `talk(sandbox, framing)` connects, an async context."""

    async def session(sandbox, framing):
        async with talk(sandbox, framing) as client:
            return await _session(sandbox.control, client)

    async def faults(sandbox, framing):
        for fault in FAULTS:
            async with talk(sandbox, framing) as client:
                await _fault(sandbox.control, client, fault)
        fails = ", ".join(client.fails_by)
        return f"{len(FAULTS)} faults; fails by: {fails}; hangs by: {', '.join(client.hangs_by)}"

    return {"session": session, "faults": faults}


async def _session(control, talk):
    notes = [await _lifetimes(control, talk)]
    for trouble in (_stale_salt, _large_call, _packed_answers, _state_requests, _restart, _lone_leap):
        before = control.stats()
        note = await trouble(control, talk, before)
        notes.append(f"{trouble.__name__.strip('_').replace('_', ' ')}: {note}")
    return "; ".join(notes)


async def _lifetimes(control, talk):
    # The key was agreed a little before now, and its first salt began then.
    begun = time.time()
    await talk.ask(1)  # and so the task that pings has begun to wait
    session_id = talk.session_id()
    before = control.stats()
    leaps = 0
    for half_hour in range(1, LIFETIMES * SALT_LIFE // SALT_STEP + 1):
        boundary = begun + half_hour * SALT_STEP
        asleep = boundary - talk.nap
        while (left := boundary - time.time()) > 3.5:
            heard, pings = talk.heard(), control.stats()["pings"]
            if time.time() > asleep:
                await talk.before_nap()
                control.advance(int(left) - 2)
                await talk.reconnected()
            elif left > talk.step:
                leaps += 1
                control.advance(talk.step)
                await _until(lambda: talk.heard() != heard, "an answer to a ping")
                await _until(lambda: control.stats()["pings"] > pings, "a ping")
                await _until(talk.is_quiet, "silence")
            else:
                control.advance(int(left) - 2)
                await talk.ask(1)
        # No ping falls due in these four seconds: a call is the first to notice a salt's end.
        control.advance(4)
        await talk.ask(5)
    stats = control.stats() - before
    sessions = control.stats()["sessions"]
    _expect(stats["salts"] + 1 >= LIFETIMES, f"{stats['salts']} new salts in {LIFETIMES} lifetimes")
    _expect(sessions == 1 and talk.session_id() == session_id, f"{sessions} sessions, not one")
    _expect(stats["pings"] * 2 > leaps, f"{stats['pings']} pings in {leaps} leaps")
    _expect(not talk.fills_containers or stats["containers"] >= LIFETIMES, "hardly a container")
    _expect(stats["sent_containers"] >= LIFETIMES, "hardly a container for the client")
    return (
        f"{LIFETIMES} lifetimes: salts {stats['salts'] + 1}, bad_server_salt {stats['bad_salts']}, "
        f"get_future_salts {stats['salt_requests']}, pings {stats['pings']}, "
        f"acks {stats['acks']}, containers {stats['containers']}, "
        f"largest {stats['largest_container'] + before['largest_container']}, "
        f"sent {stats['sent_containers']}, queries {stats['queries']}"
    )


async def _stale_salt(control, talk, before):
    control.command("stale-salts")
    await talk.ask(3)
    stats = control.stats() - before
    _expect(stats["bad_salts"] >= 1, "no bad_server_salt")
    _expect(stats["salts"] >= 1, "the new salt was not used")
    return f"bad_server_salt {stats['bad_salts']}"


async def _large_call(control, talk, before):
    error = await talk.ask_large(4096)
    stats = control.stats() - before
    _expect("401" in error or "registered" in error, f"answered {error}")
    _expect(not talk.packs or stats["packed"] == 1, f"{stats['packed']} packed")
    return f"packed {stats['packed']}"


async def _packed_answers(control, talk, before):
    control.command("fault gzip-answers on")
    await talk.ask(5)
    control.command("fault gzip-answers off")
    stats = control.stats() - before
    _expect(stats["packed_answers"] >= 1, "no answer was packed")
    return f"{stats['packed_answers']}"


async def _state_requests(control, talk, before):
    control.command("fault ask-states 1")
    await talk.ask(3)
    await talk.ask(3)
    answered = (control.stats() - before)["state_infos"]
    _expect(answered == talk.answers_state_requests, f"answered {answered} times")
    return f"answered {answered}"


async def _restart(control, talk, before):
    control.command("restart")
    await talk.reconnected()
    await talk.ask(3)
    stats = control.stats() - before
    _expect(stats["sessions"] >= 1, "no new session after the restart")
    _expect(stats["keys"] == 0, "a new key after the restart")
    return f"new_session_created {stats['sessions']}"


async def _lone_leap(control, talk, before):
    control.command("advance 3600")

    async def ask():
        await talk.reconnected()
        await talk.ask(1)

    note = "calls go through"
    try:
        await asyncio.wait_for(ask(), 5 if talk.corrects_its_clock else 2)
    except Exception as error:
        if talk.corrects_its_clock:
            raise
        note = f"no call goes through ({type(error).__name__})"
    stats = control.stats() - before
    return f"{note}, code 16 {stats['bad_16']}, bad_server_salt {stats['bad_salts']}"


async def _fault(control, talk, fault):
    await talk.ask(2)
    before = await _settled(control)
    name, value = fault.split()
    control.command(f"fault {fault}")
    try:
        await asyncio.wait_for(talk.ask(4), 1 if fault in talk.hangs_by else 5)
        outcome = "answered"
    except asyncio.TimeoutError:
        outcome = "hangs"
    except Exception:
        outcome = "fails"
    stats = control.stats() - before
    if name == "refuse":
        _expect(stats["bad_salts" if value == "48" else f"bad_{value}"] >= 1, f"{fault}: not refused")
    else:
        control.command(f"fault {name} {'off' if value == 'on' else 0}")
    expected = "fails" if fault in talk.fails_by else "answered"
    _expect(outcome == ("hangs" if fault in talk.hangs_by else expected), f"{fault}: {outcome}")
    if outcome != "hangs":
        await asyncio.wait_for(talk.ask(3), 5)


async def _settled(control):
    """What is counted once all has come that the client sends unasked.

    An acknowledgement still under way would be the next packet, and bear the fault in a call's place.
    """
    before, stats = None, control.stats()
    while stats != before:
        await asyncio.sleep(0.05)
        before, stats = stats, control.stats()
    return stats


async def _until(condition, what):
    patience = time.monotonic() + 5
    while time.monotonic() < patience:
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError(f"waited in vain for {what}")


def _expect(condition, otherwise):
    if not condition:
        raise AssertionError(otherwise)
