"""Scenario `talk`."""

from people import equal, true

TEXTS = 25


async def talk(sandbox, people):
    anna, ben = await people.named("Anna", "Ben")
    a, b = anna.user.id, ben.user.id

    # In a private conversation, each has numbers of their own for the same messages.
    hello = await anna.send(b, "Hello Ben, a blue moon")
    equal(hello.text, "Hello Ben, a blue moon", "what was sent")
    heard = await ben.hears_text("Hello Ben, a blue moon", sender=a)
    await anna.send(b, "Second")
    second = await ben.hears_text("Second", sender=a)
    true(heard.id < second.id, "the second message has the lower id")

    reply = await ben.send(a, "Hello Anna, a red moon", reply_to=heard.id)
    reply = await ben.message(a, reply.id)
    equal(reply.reply_to, heard.id, "what Ben's reply answers")
    answer = await anna.hears_text("Hello Anna, a red moon", sender=b)
    equal(answer.reply_to, hello.id, "what Anna sees it answer")

    async with ben.types(a):
        await anna.hears("typing", lambda event: event.user == b)

    async def unread(person, peer):
        return next(dialog.unread for dialog in await person.dialogs() if dialog.peer == peer)

    equal(await unread(ben, a), 2, "Ben's unread messages")
    await ben.reads(a, second.id)
    read = await anna.hears("read", lambda event: event.peer == b)
    equal(read.ids, (hello.id + 1,), "up to where Ben has read")
    equal(await unread(ben, a), 0, "Ben's unread messages after he has read")

    await anna.edit(b, hello.id, "Hello Ben, a green moon")
    edited = await ben.hears("edit", lambda event: event.message.id == heard.id)
    equal(edited.message.text, "Hello Ben, a green moon", "the edited text")
    found = await ben.message(a, heard.id)
    equal((found.text, found.is_edited), ("Hello Ben, a green moon", True), "the edited message")

    await ben.react(a, heard.id, "👍")
    await anna.hears("reactions", lambda event: event.peer == b and event.ids == (hello.id,))
    equal(await anna.reactions(b, hello.id), {"👍": 1}, "reactions")
    await ben.react(a, heard.id, None)
    await anna.hears("reactions", lambda event: event.peer == b and event.ids == (hello.id,))
    equal(await anna.reactions(b, hello.id), {}, "reactions after they were taken back")

    await anna.pin(b, hello.id)
    pinned = await ben.hears("pin", lambda event: event.peer == a)
    equal(pinned.ids, (heard.id,), "what Ben is told to be pinned")
    equal([message.id for message in await ben.pinned(a)], [heard.id], "what is pinned")
    await anna.unpin(b, hello.id)
    await ben.hears("unpin", lambda event: event.ids == (heard.id,))
    equal([message.id for message in await ben.pinned(a)], [], "what is pinned after all")

    forwarded = await ben.forward(a, heard.id, b)
    equal((forwarded.text, forwarded.forwarded_from), ("Hello Ben, a green moon", a), "forwarded")
    saved = [(message.text, message.forwarded_from) for message in await ben.history(b, 10)]
    equal(saved, [("Hello Ben, a green moon", a)], "Ben's Saved Messages")

    doomed = await anna.send(b, "Forget this")
    told = await ben.hears_text("Forget this", sender=a)
    await anna.delete(b, doomed.id)
    await ben.hears("delete", lambda event: event.ids == (told.id,))
    for person, peer in ((anna, b), (ben, a)):
        texts = [message.text for message in await person.history(peer, 10)]
        true("Forget this" not in texts, "a deleted message is in the history")

    texts = [f"text {number}" for number in range(TEXTS)]
    for text in texts:
        await anna.send(b, text)
    for text in texts:
        await ben.hears_text(text, sender=a)
    whole = ["Hello Ben, a green moon", "Second", "Hello Anna, a red moon", *texts]
    for person, peer in ((anna, b), (ben, a)):
        history = [message.text for message in await person.history(peer, 10) if not message.is_service]
        equal(history[::-1], whole, "the history")

    # Anna has not read Ben's reply, nor Ben what tells of the pin and the last texts.
    for person, peer, unread_count in ((anna, b, 1), (ben, a, TEXTS + 1)):
        dialog = next(dialog for dialog in await person.dialogs() if dialog.peer == peer)
        known = (dialog.text, dialog.unread)
        equal(known, (texts[-1], unread_count), "the conversation in the list")

    moons = ["Hello Anna, a red moon", "Hello Ben, a green moon"]
    for word, expected in (("moon", moons), ("blue", [])):
        found = [message.text for message in await anna.search(b, word)]
        equal(found, expected, f"what is found for {word!r}")
    everywhere = sorted(message.text for message in await ben.search_everywhere("green"))
    equal(everywhere, ["Hello Ben, a green moon"] * 2, "what is found everywhere")
    for person in (anna, ben):
        person.heard_all()
    equal(bool(ben.told_again()), ben.tells_again, "whether messages are told again")
    return f"{len(whole)} messages in three pages"
