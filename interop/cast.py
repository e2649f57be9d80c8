"""The scenarios among people, and the clients that take part in one.

A client's script gives a kind of `Person`, and gets the scenarios with such persons.
"""

import bot
import cut
import files
import group
import login
import talk
from people import equal, refused, true

SCENARIOS = {
    "login": login.login,
    "talk": talk.talk,
    "group": group.group,
    "bot": bot.bot,
    "files": files.files,
    "cut": cut.cut,
}


class People:
    """All clients of one scenario."""

    def __init__(self, sandbox, framing, kind):
        self.sandbox, self.framing, self.kind = sandbox, framing, kind
        self.all = []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        for person in self.all:
            await person.disconnect()

    async def stranger(self):
        """A client that is connected and not logged in."""
        person = self.kind(self.sandbox, self.framing)
        self.all.append(person)
        await person.connect()
        return person

    def code(self, phone):
        return self.sandbox.control.command(f"code {phone}")

    async def by_code(self, phone):
        """A client that is logged in by code to an account without a password."""
        person = await self.stranger()
        code_hash = await person.send_code(phone)
        person.user = await person.sign_in(phone, code_hash, self.code(phone))
        true(person.user is not None, f"{phone} is asked to sign up")
        await person.listen()
        return person

    async def named(self, *names):
        """Known users, each logged in by code, and each with all others as contacts."""
        phones = [f"49151000000{at}" for at in range(1, len(names) + 1)]
        people = []
        for name, phone in zip(names, phones):
            id = int(self.sandbox.control.command(f"add-user {phone} {name}"))
            people.append(await self.by_code(phone))
            equal(people[-1].user.id, id, f"the id of {name}")
        for person in people:
            both = zip(names, phones)
            others = [(name, phone) for name, phone in both if phone != person.user.phone]
            known = await person.add_contacts(others)
            ids = [other.user.id for other in people if other is not person]
            equal(sorted(known), sorted(ids), "imported contacts")
        return people

    async def bot(self, username, name):
        """A bot, logged in by its token."""
        id, token = self.sandbox.control.command(f"add-bot {username} {name}").split()
        person = await self.stranger()
        await refused(person, "ACCESS_TOKEN_INVALID", person.sign_in_bot(f"{id}:{'x' * 35}"))
        person.user = await person.sign_in_bot(token)
        equal((person.user.id, person.user.username, person.user.is_bot), (int(id), username, True), "bot")
        await person.listen()
        return person


def scenarios(kind):
    """The scenarios with persons of this kind."""

    def scenario(run):
        async def of_framing(sandbox, framing):
            async with People(sandbox, framing, kind) as people:
                detail = await run(sandbox, people)
                for person in people.all:
                    if not person.tells_again:
                        equal(person.told_again(), [], "messages that were told again")
            return detail

        return of_framing

    return {name: scenario(run) for name, run in SCENARIOS.items()}
