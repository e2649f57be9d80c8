"""Scenario `group`."""

from people import equal, refused, true

RIGHTS = frozenset({"delete", "ban", "pin", "invite"})


async def group(sandbox, people):
    anna, ben, cleo = await people.named("Anna", "Ben", "Cleo")
    a, b, c = (person.user.id for person in (anna, ben, cleo))

    peer = await anna.create_group("Boats", "On the lake")
    equal(await anna.group(peer), ("Boats", "On the lake", 1), "the new group")
    roles = {member.user: member.role for member in await anna.members(peer)}
    equal(roles, {a: "creator"}, "who is in it")

    await anna.add_member(peer, b)
    await ben.hears("joined", lambda event: event.peer == peer and event.user == b)
    await anna.send(peer, "Welcome")
    await ben.hears_text("Welcome", sender=a)
    await ben.send(peer, "Thank you")
    await anna.hears_text("Thank you", sender=b)

    await anna.promote(peer, b, RIGHTS, "Captain")
    admin = next(member for member in await anna.members(peer) if member.user == b)
    equal((admin.role, admin.rights), ("admin", RIGHTS), "the admin")
    equal(admin.title, "Captain", "the admin's title")

    link = await ben.export_link(peer)
    equal(await cleo.look_at_link(link), "Boats", "where the link leads")
    equal(await cleo.join_by_link(link), peer, "where Cleo is now")
    await anna.hears("joined", lambda event: event.peer == peer and event.user == c)
    await cleo.send(peer, "Ahoy")
    for person in (anna, ben):
        ahoy = await person.hears_text("Ahoy", sender=c)

    roles = {member.user: member.role for member in await anna.members(peer)}
    equal(roles, {a: "creator", b: "admin", c: "member"}, "participants")
    roles = {member.user: member.role for member in await anna.members(peer, "admins")}
    equal(roles, {a: "creator", b: "admin"}, "admins")

    await refused(cleo, "CHAT_ADMIN_REQUIRED", cleo.ban(peer, b))
    await ben.delete(peer, ahoy.id)
    await anna.hears("delete", lambda event: event.ids == (ahoy.id,))

    await ben.ban(peer, c)
    await cleo.hears("closed", lambda event: event.peer == peer)
    await refused(cleo, "CHANNEL_PRIVATE", cleo.send(peer, "Still here?"))
    equal({member.user for member in await anna.members(peer)}, {a, b}, "who is left")
    banned = [(member.user, member.role) for member in await anna.members(peer, "banned")]
    equal(banned, [(c, "banned")], "who is banned")

    history = await anna.history(peer, 10)
    texts = [message.text for message in history if not message.is_service]
    equal(texts, ["Thank you", "Welcome"], "the history")
    services = sum(message.is_service for message in history)
    true(services >= 3, f"only {services} service messages: created, added, joined")
    return f"3 members, 1 admin, 1 banned, {services} service messages"
