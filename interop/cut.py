"""Scenario `cut`."""

import asyncio
import collections

from people import equal, true

# What is done before the texts are sent, and what when the first of them has come.
ROUNDS = (
    ((), ("cut-links",)),
    (("cut-links",), ()),
    (("fault cut-when-sent 2",), ()),
    (("fault cut-when-sent 4",), ()),
    (("cut-links", "refuse-links 2"), ()),
    ((), ("refuse-links 2", "cut-links")),
)
TEXTS = 5
# Seconds for a round, and for what was missed in all of them.
PATIENCE = 20
# A client that waits long before it calls again has its time driven on, by so many seconds, so often.
LEAP, EVERY = 4, 0.25


async def cut(sandbox, people):
    anna, ben = await people.named("Anna", "Ben")
    a, b = anna.user.id, ben.user.id
    control = sandbox.control
    keys = control.stats()["keys"]
    duplicates = 0
    sent = {anna: [], ben: []}

    async def go_round(number, before, after):
        nonlocal duplicates
        if anna.waits_long:
            # It begins anew when a call has waited long, and a cut meanwhile leaves it deaf for good.
            await _settle(control, anna, [asyncio.ensure_future(p.me()) for p in (anna, ben)])
        for command in before:
            control.command(command)
        queries = control.stats()["queries"]
        calls = []
        for person, peer in ((anna, b), (ben, a)):
            texts = [f"{person.user.first_name} {number}.{at}" for at in range(TEXTS)]
            sent[person] += texts
            calls += [asyncio.ensure_future(person.send_surely(peer, text)) for text in texts]
        if after:
            while control.stats()["queries"] == queries:
                await asyncio.sleep(0)
        for command in after:
            control.command(command)
        answers = await _settle(control, anna, calls)
        duplicates += answers.count("RANDOM_ID_DUPLICATE")

    rounds = 0
    missed = []
    # A library that loses updates goes round until it has lost one, but not for ever.
    while rounds < len(ROUNDS) or anna.loses_updates and not missed and rounds < 2 * len(ROUNDS):
        await go_round(rounds, *ROUNDS[rounds % len(ROUNDS)])
        rounds += 1
        if rounds >= len(ROUNDS):
            missed = await _missed(anna, sent[ben]) + await _missed(ben, sent[anna])
    # What is lost is in the history all the same.
    equal(bool(missed), anna.loses_updates, f"whether updates are lost: {missed}")
    for person, peer in ((anna, b), (ben, a)):
        counted = collections.Counter(message.text for message in await person.history(peer, 50))
        equal(counted, collections.Counter(sent[anna] + sent[ben]), "the history")
        equal((await person.me()).id, person.user.id, "who that is, after all")
    equal(control.stats()["keys"], keys, "keys")
    for person in (anna, ben):
        if not person.loses_updates:
            person.heard_all()
    told = f"RANDOM_ID_DUPLICATE {duplicates}, never told {len(missed)}"
    return f"{rounds} rounds, {len(sent[anna] + sent[ben])} texts, {told}"


async def _settle(control, person, calls):
    """Waits for all answers."""
    if not person.waits_long:
        return await asyncio.wait_for(asyncio.gather(*calls), PATIENCE)
    for _ in range(int(PATIENCE / EVERY)):
        _, pending = await asyncio.wait(calls, timeout=EVERY)
        if not pending:
            return [call.result() for call in calls]
        control.advance(LEAP)
    raise AssertionError(f"{len(pending)} calls without an answer")


async def _missed(person, texts):
    """Which of the other's texts are not told, after a while."""
    if not person.loses_updates:
        for text in texts:
            await person.hears_text(text, patience=PATIENCE)
        return []
    await asyncio.sleep(1)
    told = {event.message.text for event in person.inbox if event.kind == "message"}
    equal(told - set(texts), set(), "texts that the other has not sent")
    return [text for text in texts if text not in told]
