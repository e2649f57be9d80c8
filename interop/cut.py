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
PATIENCE = 20


async def cut(sandbox, people):
    anna, ben = await people.named("Anna", "Ben")
    a, b = anna.user.id, ben.user.id
    control = sandbox.control
    keys = control.stats()["keys"]
    duplicates = 0
    sent = {anna: [], ben: []}
    for number, (before, after) in enumerate(ROUNDS):
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
        answers = await asyncio.wait_for(asyncio.gather(*calls), PATIENCE)
        duplicates += answers.count("RANDOM_ID_DUPLICATE")
    for person, other in ((anna, ben), (ben, anna)):
        for text in sent[other]:
            await person.hears_text(text, sender=other.user.id, patience=PATIENCE)
    for person, peer in ((anna, b), (ben, a)):
        counted = collections.Counter(message.text for message in await person.history(peer, 50))
        equal(counted, collections.Counter(sent[anna] + sent[ben]), "the history")
        equal((await person.me()).id, person.user.id, "who that is, after all")
    equal(control.stats()["keys"], keys, "keys")
    for person in (anna, ben):
        person.heard_all()
    return f"{len(ROUNDS)} rounds, {len(calls) * len(ROUNDS)} texts, RANDOM_ID_DUPLICATE {duplicates}"
