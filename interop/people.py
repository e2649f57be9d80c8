"""What the scenarios among people share: plain records of what a client sees, a person who keeps what
comes by itself, and what the scenarios check with.

A client's script gives a subclass of `Person` that does each thing by the library's own means. A
scenario is `async def talk(sandbox, people)`; it returns a line of detail and fails by raising.
"""

import asyncio
import collections
import dataclasses

# Within so many seconds that comes which comes by itself.
PATIENCE = 5


@dataclasses.dataclass
class User:
    id: int
    first_name: str
    phone: str | None = None
    username: str | None = None
    is_bot: bool = False


@dataclasses.dataclass
class Message:
    id: int
    peer: int  # as the library marks it: users positive, channels from -100...
    sender: int | None
    text: str
    reply_to: int | None = None
    forwarded_from: int | None = None
    is_edited: bool = False
    via_bot: int | None = None
    album: int | None = None
    buttons: tuple[tuple[str, bytes], ...] = ()
    is_service: bool = False
    media: object = None  # the library's own, for downloading


@dataclasses.dataclass
class Event:
    """What came by itself. `kind` is what; the rest is given as far as it belongs to that."""

    kind: str  # message edit delete typing read reactions pin press inline chosen joined closed token
    peer: int | None = None
    user: int | None = None
    ids: tuple[int, ...] = ()
    message: Message | None = None
    data: object = None


@dataclasses.dataclass
class Dialog:
    peer: int
    text: str
    unread: int


@dataclasses.dataclass
class Member:
    user: int
    role: str  # creator admin member banned
    rights: frozenset[str] = frozenset()  # of delete ban pin invite and others, as the library has them
    title: str | None = None


@dataclasses.dataclass
class Document:
    name: str
    mime: str
    size: int


@dataclasses.dataclass
class Results:
    """Of an inline query."""

    titles: list[str]
    found: object  # the library's own


class Person:
    """A client, and what it was told."""

    # Whether the library tells messages again that come while it asks for a difference.
    tells_again = False
    # Whether a call that has lost its link waits for its whole time until it is sent again.
    waits_long = False
    # Whether what is said while a link is down may never be told.
    loses_updates = False

    def __init__(self, sandbox, framing):
        self.sandbox, self.framing = sandbox, framing
        self.user = None
        self.inbox = []
        self._came = asyncio.Event()
        self._told = collections.Counter()

    def tell(self, event):
        """The library has told this."""
        if event.kind == "message":
            self._told[event.message.peer, event.message.id] += 1
        self.inbox.append(event)
        self._came.set()

    async def hears(self, kind, which=lambda event: True, patience=PATIENCE):
        """Waits for something that comes by itself, and takes it out of the inbox."""
        deadline = asyncio.get_running_loop().time() + patience
        while True:
            for event in self.inbox:
                if event.kind == kind and which(event):
                    self.inbox.remove(event)
                    return event
            self._came.clear()
            left = deadline - asyncio.get_running_loop().time()
            try:
                await asyncio.wait_for(self._came.wait(), max(left, 0))
            except asyncio.TimeoutError:
                kinds = [(event.kind, event.message and event.message.text) for event in self.inbox]
                raise AssertionError(f"waited in vain for {kind}; there is {kinds}") from None

    async def hears_text(self, text, sender=None, patience=PATIENCE):
        """Waits for a message with this text, and returns it."""
        event = await self.hears("message", lambda event: event.message.text == text, patience)
        if sender is not None:
            equal(event.message.sender, sender, f"the sender of {text!r}")
        return event.message

    def heard_all(self):
        """Refuses that a text is left that nobody waited for."""
        left = [event.message for event in self.inbox if event.kind == "message"]
        if self.tells_again:
            left = [message for message in left if (message.peer, message.id) not in self.told_again()]
        equal([message.text for message in left], [], "texts told beside those that were sent")

    def told_again(self):
        """The messages that came more than once."""
        return [key for key, times in self._told.items() if times > 1]


def equal(found, expected, what):
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, not {expected!r}")


def true(condition, otherwise):
    if not condition:
        raise AssertionError(otherwise)


async def refused(person, name, call):
    """Awaits a call that the server has to refuse with this error."""
    try:
        answer = await call
    except Exception as error:
        found = person.error_name(error)
        if found is None:
            raise
        equal(found, name, "refused with")
        return
    raise AssertionError(f"not refused with {name}, but answered {answer!r}")
