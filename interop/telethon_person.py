"""What a person does by Telethon."""

import asyncio
import contextlib
import io
import re

from people import Dialog, Document, Event, Member, Message, Person, Results, User, true
from telethon import Button, errors, events, utils
from telethon.tl import functions, types

RIGHTS = {
    "delete": "delete_messages",
    "ban": "ban_users",
    "pin": "pin_messages",
    "invite": "invite_users",
}


class TelethonPerson(Person):
    # Gives the client that is not connected yet.
    client_for = None

    async def connect(self):
        self.client = type(self).client_for(self.sandbox, self.framing)
        with contextlib.suppress(errors.UnauthorizedError):
            await self.client.connect()

    async def disconnect(self):
        await self.client.disconnect()

    def error_name(self, error):
        """The name of what the server refused with, which Telethon tells by the class alone."""
        if not isinstance(error, errors.RPCError):
            return None
        if type(error).__module__.endswith("rpcbaseerrors"):
            return error.message
        words = re.findall("[A-Z][a-z0-9]*", type(error).__name__.removesuffix("Error"))
        return "_".join(words).upper()

    # Logins

    async def send_code(self, phone):
        return (await self.client.send_code_request(phone)).phone_code_hash

    async def sign_in(self, phone, code_hash, code):
        try:
            return _user(await self.client.sign_in(phone, code, phone_code_hash=code_hash))
        except errors.PhoneNumberUnoccupiedError:
            return None

    async def sign_up(self, phone, code_hash, first_name):
        # Telethon's own method refuses, whatever the server says.
        try:
            await self.client.sign_up("12345", first_name)
        except ValueError:
            pass
        else:
            raise AssertionError("Telethon signs up by itself")
        request = functions.auth.SignUpRequest(phone, code_hash, first_name, "")
        return _user(await self.client._on_login((await self.client(request)).user))

    async def sign_in_bot(self, token):
        return _user(await self.client.sign_in(bot_token=token))

    async def me(self):
        return _user(await self.client.get_me())

    async def log_out(self):
        true(await self.client.log_out(), "not logged out")

    async def set_password(self, password, hint):
        true(await self.client.edit_2fa(new_password=password, hint=hint), "no password set")

    async def remove_password(self, password):
        true(await self.client.edit_2fa(current_password=password), "no password removed")

    async def password_hint(self):
        return (await self.client(functions.account.GetPasswordRequest())).hint

    async def check_password(self, password):
        return _user(await self.client.sign_in(password=password))

    async def qr_token(self):
        self._qr = await self.client.qr_login()
        return self._qr.token

    def qr_login(self):
        async def wait():
            return _user(await self._qr.wait(5))

        return asyncio.ensure_future(wait())

    async def accept_qr(self, token):
        await self.client(functions.auth.AcceptLoginTokenRequest(token))

    async def sessions(self):
        answer = await self.client(functions.account.GetAuthorizationsRequest())
        return [session.current for session in answer.authorizations]

    # What comes by itself

    async def listen(self):
        self.client.add_event_handler(self._message, events.NewMessage())
        self.client.add_event_handler(self._edited, events.MessageEdited())
        self.client.add_event_handler(self._deleted, events.MessageDeleted())
        self.client.add_event_handler(self._read, events.MessageRead())
        self.client.add_event_handler(self._typing, events.UserUpdate())
        self.client.add_event_handler(self._acted, events.ChatAction())
        self.client.add_event_handler(self._pressed, events.CallbackQuery())
        self.client.add_event_handler(self._inline, events.InlineQuery())
        self.client.add_event_handler(self._raw, events.Raw())

    async def _message(self, event):
        if not event.message.out:
            self.tell(Event("message", event.chat_id, message=_message(event.message)))

    async def _edited(self, event):
        self.tell(Event("edit", event.chat_id, message=_message(event.message)))

    async def _deleted(self, event):
        self.tell(Event("delete", event.chat_id, ids=tuple(event.deleted_ids)))

    async def _read(self, event):
        self.tell(Event("read", event.chat_id, ids=(event.max_id,)))

    async def _typing(self, event):
        if event.typing:
            self.tell(Event("typing", event.chat_id, event.user_id))

    async def _acted(self, event):
        if event.user_joined or event.user_added:
            for user in event.user_ids:
                self.tell(Event("joined", event.chat_id, user))

    async def _pressed(self, event):
        ids, data = (event.message_id,), (event, event.data)
        self.tell(Event("press", event.chat_id, event.sender_id, ids, data=data))

    async def _inline(self, event):
        self.tell(Event("inline", user=event.sender_id, data=(event, event.text)))

    async def _raw(self, update):
        if isinstance(update, types.UpdateMessageReactions):
            self.tell(Event("reactions", utils.get_peer_id(update.peer), ids=(update.msg_id,)))
        elif isinstance(update, types.UpdatePinnedMessages):
            kind = "pin" if update.pinned else "unpin"
            self.tell(Event(kind, utils.get_peer_id(update.peer), ids=tuple(update.messages)))
        elif isinstance(update, types.UpdateBotInlineSend):
            self.tell(Event("chosen", user=update.user_id, data=(update.id, update.msg_id)))
        elif isinstance(update, types.UpdateChannel):
            peer = utils.get_peer_id(types.PeerChannel(update.channel_id))
            if isinstance(update._entities.get(peer), types.ChannelForbidden):
                self.tell(Event("closed", peer))

    # Talk

    async def add_contacts(self, others):
        contacts = [
            types.InputPhoneContact(client_id=at, phone=phone, first_name=name, last_name="")
            for at, (name, phone) in enumerate(others)
        ]
        answer = await self.client(functions.contacts.ImportContactsRequest(contacts))
        return [user.id for user in answer.users]

    async def send(self, peer, text, reply_to=None, buttons=None):
        markup = buttons and [[Button.inline(text, data) for text, data in buttons]]
        return _message(await self.client.send_message(peer, text, reply_to=reply_to, buttons=markup))

    async def send_surely(self, peer, text):
        try:
            return await self.send(peer, text)
        except errors.RandomIdDuplicateError:
            return "RANDOM_ID_DUPLICATE"

    def types(self, peer):
        return self.client.action(peer, "typing")

    async def reads(self, peer, up_to):
        await self.client.send_read_acknowledge(peer, max_id=up_to)

    async def edit(self, peer, id, text):
        return _message(await self.client.edit_message(peer, id, text))

    async def react(self, peer, id, emoji):
        reaction = [types.ReactionEmoji(emoji)] if emoji else []
        await self.client(functions.messages.SendReactionRequest(peer, id, reaction=reaction))

    async def reactions(self, peer, id):
        message = await self.client.get_messages(peer, ids=id)
        results = message.reactions.results if message.reactions else []
        return {result.reaction.emoticon: result.count for result in results}

    async def pin(self, peer, id):
        await self.client.pin_message(peer, id)

    async def unpin(self, peer, id):
        await self.client.unpin_message(peer, id)

    async def pinned(self, peer):
        found = await self.client.get_messages(peer, 10, filter=types.InputMessagesFilterPinned())
        return [_message(message) for message in found]

    async def forward(self, peer, id, to):
        return _message(await self.client.forward_messages(to, id, peer))

    async def delete(self, peer, id):
        await self.client.delete_messages(peer, id, revoke=True)

    async def message(self, peer, id):
        return _message(await self.client.get_messages(peer, ids=id))

    async def history(self, peer, page):
        # Telethon asks for a hundred at a time; pages are its caller's affair then.
        messages = []
        while True:
            before = messages[-1].id if messages else 0
            found = await self.client.get_messages(peer, page, offset_id=before)
            if not found:
                return messages
            messages += [_message(message) for message in found]

    async def dialogs(self):
        return [
            Dialog(dialog.id, dialog.message.message or "", dialog.unread_count)
            async for dialog in self.client.iter_dialogs()
        ]

    async def search(self, peer, word):
        return [_message(message) async for message in self.client.iter_messages(peer, search=word)]

    async def search_everywhere(self, word):
        return [_message(message) async for message in self.client.iter_messages(None, search=word)]

    # Groups

    async def create_group(self, title, about):
        request = functions.channels.CreateChannelRequest(title, about, megagroup=True)
        return utils.get_peer_id((await self.client(request)).chats[0])

    async def group(self, peer):
        answer = await self.client(functions.channels.GetFullChannelRequest(peer))
        return answer.chats[0].title, answer.full_chat.about, answer.full_chat.participants_count

    async def add_member(self, peer, user):
        answer = await self.client(functions.channels.InviteToChannelRequest(peer, [user]))
        true(not answer.missing_invitees, f"could not be added: {answer.missing_invitees}")

    async def members(self, peer, which=None):
        admins, banned = types.ChannelParticipantsAdmins(), types.ChannelParticipantsKicked("")
        of = {None: None, "admins": admins, "banned": banned}[which]
        found = await self.client.get_participants(peer, filter=of)
        return [_member(user) for user in found]

    async def promote(self, peer, user, rights, title):
        given = {RIGHTS[right]: True for right in rights}
        await self.client.edit_admin(peer, user, is_admin=False, title=title, **given)

    async def ban(self, peer, user):
        await self.client.edit_permissions(peer, user, view_messages=False)

    async def export_link(self, peer):
        return (await self.client(functions.messages.ExportChatInviteRequest(peer))).link

    async def look_at_link(self, link):
        found = await self.client(functions.messages.CheckChatInviteRequest(_hash(link)))
        true(isinstance(found, types.ChatInvite), f"already in it: {found}")
        return found.title

    async def join_by_link(self, link):
        answer = await self.client(functions.messages.ImportChatInviteRequest(_hash(link)))
        # Telethon looks for peers at the top of an answer alone, and here they are in its updates: until
        # another update brings them it would not find the group. Looking at the link again does.
        found = await self.client(functions.messages.CheckChatInviteRequest(_hash(link)))
        true(isinstance(found, types.ChatInviteAlready), f"not in it: {found}")
        return utils.get_peer_id(answer.updates.chats[0])

    # Bots

    async def find(self, username):
        return (await self.client.get_entity(username)).id

    async def set_commands(self, commands):
        listed = [types.BotCommand(command, does) for command, does in commands.items()]
        scope = types.BotCommandScopeDefault()
        await self.client(functions.bots.SetBotCommandsRequest(scope, "", listed))

    async def commands(self):
        scope = types.BotCommandScopeDefault()
        found = await self.client(functions.bots.GetBotCommandsRequest(scope, ""))
        return {command.command: command.description for command in found}

    async def commands_of(self, bot):
        full = await self.client(functions.users.GetFullUserRequest(bot))
        return {command.command: command.description for command in full.full_user.bot_info.commands}

    async def press(self, peer, id, data):
        message = await self.client.get_messages(peer, ids=id)
        answer = await message.click(data=data)
        return answer.message, answer.alert

    async def answer_press(self, event, text):
        await event.answer(text, alert=True)

    async def ask_inline(self, bot, word):
        found = await self.client.inline_query(bot, word)
        return Results([result.title for result in found], found)

    async def answer_inline(self, event, articles):
        # Only a message with a button can be edited by its bot later on.
        button = Button.inline("More", b"more")
        results = [
            event.builder.article(id, text=text, id=id, buttons=button)
            for id, text in articles.items()
        ]
        await event.answer(results)

    async def send_result(self, results, title, peer):
        await results.found[results.titles.index(title)].click(peer)

    async def edit_inline(self, inline_id, text):
        await self.client.edit_message(inline_id, text)

    # Files

    async def send_photo(self, peer, photo, caption):
        await self.client.send_file(peer, _named(photo, "photo.jpg"), caption=caption)

    async def send_album(self, peer, photos):
        files = [_named(photo, "photo.jpg") for photo in photos.values()]
        await self.client.send_file(peer, files, caption=list(photos))

    async def send_document(self, peer, name, content, caption, progress):
        await self.client.send_file(
            peer, _named(content, name), caption=caption, force_document=True, progress_callback=progress
        )

    async def download(self, message, progress=None):
        return await self.client.download_media(message.media, bytes, progress_callback=progress)

    def document(self, message):
        file = message.media.file
        return Document(file.name, file.mime_type, file.size)

    # Cuts

    def is_written(self):
        """Whether all calls have gone out."""
        return not self.client._sender._send_queue._deque


def _named(content, name):
    file = io.BytesIO(content)
    file.name = name
    return file


def _hash(link):
    return link.rsplit("/", 1)[1].removeprefix("+")


def _user(user):
    return User(user.id, user.first_name, user.phone, user.username, bool(user.bot))


def _peer(peer):
    return utils.get_peer_id(peer) if peer else None


def _message(message):
    rows = message.buttons or []
    return Message(
        message.id,
        message.chat_id,
        message.sender_id,
        message.message or "",
        reply_to=message.reply_to.reply_to_msg_id if message.reply_to else None,
        forwarded_from=_peer(message.fwd_from.from_id) if message.fwd_from else None,
        is_edited=message.edit_date is not None and not message.edit_hide,
        via_bot=message.via_bot_id,
        album=message.grouped_id,
        buttons=tuple((button.text, button.data) for row in rows for button in row),
        is_service=message.action is not None,
        media=message,
    )


def _member(user):
    participant = user.participant
    if isinstance(participant, types.ChannelParticipantCreator):
        return Member(user.id, "creator")
    if isinstance(participant, types.ChannelParticipantAdmin):
        names = {field: name for name, field in RIGHTS.items()}
        given = {field for field, value in participant.admin_rights.to_dict().items() if value is True}
        rights = frozenset(names.get(field, field) for field in given)
        return Member(user.id, "admin", rights, participant.rank)
    if isinstance(participant, types.ChannelParticipantBanned):
        return Member(user.id, "banned")
    return Member(user.id, "member")
