"""What a person does by Kurigram."""

import asyncio
import contextlib
import io

from people import Dialog, Document, Event, Member, Message, Person, Results, User, true
from pyrogram import enums, errors, handlers, raw, types, utils
from pyrogram.qrlogin import QRLogin
from pyrogram.storage import UpdateState

RIGHTS = {
    "delete": "can_delete_messages",
    "ban": "can_restrict_members",
    "pin": "can_pin_messages",
    "invite": "can_invite_users",
}
ROLES = {
    enums.ChatMemberStatus.OWNER: "creator",
    enums.ChatMemberStatus.ADMINISTRATOR: "admin",
    enums.ChatMemberStatus.MEMBER: "member",
    enums.ChatMemberStatus.BANNED: "banned",
}


class KurigramPerson(Person):
    tells_again = True
    waits_long = True
    loses_updates = True
    # Gives the client that is not connected yet.
    client_for = None

    async def connect(self):
        self.client = type(self).client_for(self.sandbox, self.framing)
        await self.client.connect()

    async def disconnect(self):
        if self.client.is_initialized:
            await self.client.stop()
        elif self.client.is_connected:
            await self.client.disconnect()

    def error_name(self, error):
        return error.ID if isinstance(error, errors.RPCError) else None

    # Logins

    async def send_code(self, phone):
        return (await self.client.send_phone_number_code(phone)).phone_code_hash

    async def sign_in(self, phone, code_hash, code):
        user = await self.client.sign_in(phone, code_hash, code)
        return _user(user) if isinstance(user, types.User) else None

    async def sign_up(self, phone, code_hash, first_name):
        return _user(await self.client.sign_up(phone, code_hash, first_name))

    async def sign_in_bot(self, token):
        return _user(await self.client.sign_in_bot(token))

    async def me(self):
        return _user(await self.client.get_me())

    async def log_out(self):
        true(await self.client.log_out(), "not logged out")

    async def set_password(self, password, hint):
        true(await self.client.enable_cloud_password(password, hint), "no password set")

    async def remove_password(self, password):
        true(await self.client.remove_cloud_password(password), "no password removed")

    async def password_hint(self):
        return await self.client.get_password_hint()

    async def check_password(self, password):
        return _user(await self.client.check_password(password))

    async def qr_token(self):
        self._qr = QRLogin(self.client)
        await self._qr.recreate()
        return self._qr.r.token

    def qr_login(self):
        async def wait():
            return _user(await self._qr.wait(5))

        return asyncio.ensure_future(wait())

    async def accept_qr(self, token):
        await self.client.invoke(raw.functions.auth.AcceptLoginToken(token=token))

    async def sessions(self):
        found = await self.client.get_active_sessions()
        return [session.is_current for session in found.active_sessions]

    # What comes by itself

    async def listen(self):
        """The rest of Client.start, which would ask on the terminal for a code."""
        state = await self.client.invoke(raw.functions.updates.GetState())
        state = UpdateState(0, state.pts, state.qts, state.date, state.seq)
        await self.client.storage.set_update_state(state)
        self.client.me = await self.client.get_me()
        for handler in (
            handlers.MessageHandler(self._message),
            handlers.EditedMessageHandler(self._edited),
            handlers.DeletedMessagesHandler(self._deleted),
            handlers.CallbackQueryHandler(self._pressed),
            handlers.InlineQueryHandler(self._inline),
            handlers.ChosenInlineResultHandler(self._chosen),
        ):
            self.client.add_handler(handler)
        self.client.add_handler(handlers.RawUpdateHandler(self._raw), group=1)
        await self.client.initialize()

    async def _message(self, _, message):
        if message.new_chat_members:
            for user in message.new_chat_members:
                self.tell(Event("joined", message.chat.id, user.id))
        elif not message.outgoing and not message.service:
            self.tell(Event("message", message.chat.id, message=_message(message)))

    async def _edited(self, _, message):
        self.tell(Event("edit", message.chat.id, message=_message(message)))

    async def _deleted(self, _, messages):
        self.tell(Event("delete", ids=tuple(message.id for message in messages)))

    async def _pressed(self, _, query):
        ids, data = (query.message.id,), query.data
        data = data.encode() if isinstance(data, str) else data
        self.tell(Event("press", query.message.chat.id, query.from_user.id, ids, data=(query, data)))

    async def _inline(self, _, query):
        self.tell(Event("inline", user=query.from_user.id, data=(query, query.query)))

    async def _chosen(self, _, result):
        data = (result.result_id, result.inline_message_id)
        self.tell(Event("chosen", user=result.from_user.id, data=data))

    async def _raw(self, _, update, users, chats):
        if isinstance(update, raw.types.UpdateUserTyping):
            self.tell(Event("typing", update.user_id, update.user_id))
        elif isinstance(update, raw.types.UpdateReadHistoryOutbox):
            self.tell(Event("read", utils.get_peer_id(update.peer), ids=(update.max_id,)))
        elif isinstance(update, raw.types.UpdateMessageReactions):
            self.tell(Event("reactions", utils.get_peer_id(update.peer), ids=(update.msg_id,)))
        elif isinstance(update, raw.types.UpdatePinnedMessages):
            kind = "pin" if update.pinned else "unpin"
            self.tell(Event(kind, utils.get_peer_id(update.peer), ids=tuple(update.messages)))
        elif isinstance(update, raw.types.UpdateChannel):
            if isinstance(chats.get(update.channel_id), raw.types.ChannelForbidden):
                self.tell(Event("closed", utils.get_channel_id(update.channel_id)))

    # Talk

    async def add_contacts(self, others):
        contacts = [types.InputPhoneContact(phone, name) for name, phone in others]
        return [user.id for user in (await self.client.import_contacts(contacts)).users]

    async def send(self, peer, text, reply_to=None, buttons=None):
        options = {}
        if reply_to:
            options["reply_parameters"] = types.ReplyParameters(message_id=reply_to)
        if buttons:
            options["reply_markup"] = _keyboard(buttons)
        return _message(await self.client.send_message(peer, text, **options))

    async def send_surely(self, peer, text):
        return await self.send(peer, text)

    @contextlib.asynccontextmanager
    async def types(self, peer):
        await self.client.send_chat_action(peer, enums.ChatAction.TYPING)
        yield

    async def reads(self, peer, up_to):
        await self.client.read_chat_history(peer, up_to)

    async def edit(self, peer, id, text):
        return _message(await self.client.edit_message_text(peer, id, text))

    async def react(self, peer, id, emoji):
        await self.client.send_reaction(peer, id, emoji)

    async def reactions(self, peer, id):
        message = await self.client.get_messages(peer, id)
        found = message.reactions.reactions if message.reactions else []
        return {reaction.emoji: reaction.count for reaction in found}

    async def pin(self, peer, id):
        await self.client.pin_chat_message(peer, id, both_sides=True)

    async def unpin(self, peer, id):
        await self.client.unpin_chat_message(peer, id)

    async def pinned(self, peer):
        found = self.client.search_messages(peer, filter=enums.MessagesFilter.PINNED)
        return [_message(message) async for message in found]

    async def forward(self, peer, id, to):
        return _message(await self.client.forward_messages(to, peer, id))

    async def delete(self, peer, id):
        true(await self.client.delete_messages(peer, id) > 0, "nothing was deleted")

    async def message(self, peer, id):
        return _message(await self.client.get_messages(peer, id))

    async def history(self, peer, page):
        messages = []
        while True:
            before = messages[-1].id - 1 if messages else 0
            if messages and not before:
                return messages
            found = self.client.get_chat_history(peer, limit=page, max_id=before)
            found = [_message(message) async for message in found]
            if not found:
                return messages
            messages += found

    async def dialogs(self):
        return [
            Dialog(dialog.chat.id, dialog.top_message.text or "", dialog.unread_messages_count)
            async for dialog in self.client.get_dialogs()
        ]

    async def search(self, peer, word):
        return [_message(message) async for message in self.client.search_messages(peer, word)]

    async def search_everywhere(self, word):
        return [_message(message) async for message in self.client.search_global(word)]

    # Groups

    async def create_group(self, title, about):
        return (await self.client.create_supergroup(title, about)).id

    async def group(self, peer):
        chat = await self.client.get_chat(peer)
        return chat.title, chat.description, chat.members_count

    async def add_member(self, peer, user):
        missing = await self.client.add_chat_members(peer, user)
        true(not missing, f"could not be added: {missing}")

    async def members(self, peer, which=None):
        known = enums.ChatMembersFilter
        filters = {None: known.SEARCH, "admins": known.ADMINISTRATORS, "banned": known.BANNED}
        options = {"filter": filters[which]}
        return [_member(member) async for member in self.client.get_chat_members(peer, **options)]

    async def promote(self, peer, user, rights, title):
        given = {RIGHTS[right]: True for right in rights}
        # It would give `other` by itself.
        given = types.ChatAdministratorRights(can_manage_chat=False, **given)
        true(await self.client.promote_chat_member(peer, user, given), "not promoted")
        true(await self.client.set_administrator_title(peer, user, title), "no title given")

    async def ban(self, peer, user):
        await self.client.ban_chat_member(peer, user)

    async def export_link(self, peer):
        return await self.client.export_chat_invite_link(peer)

    async def look_at_link(self, link):
        found = await self.client.get_chat(link)
        true(found.is_preview, f"already in it: {found}")
        return found.title

    async def join_by_link(self, link):
        peer = (await self.client.join_chat(link)).chat.id
        # Kurigram looks for peers at the top of an answer alone, and here they are in its updates.
        try:
            await self.client.resolve_peer(peer)
        except errors.ChannelInvalid:
            await self.client.get_chat(link)
        else:
            raise AssertionError("Kurigram knows a group that it has just joined")
        return peer

    # Bots

    async def find(self, username):
        return (await self.client.get_users(username)).id

    async def set_commands(self, commands):
        listed = [types.BotCommand(command, does) for command, does in commands.items()]
        true(await self.client.set_bot_commands(listed), "no commands set")

    async def commands(self):
        found = await self.client.get_bot_commands()
        return {command.command: command.description for command in found}

    async def commands_of(self, bot):
        peer = await self.client.resolve_peer(bot)
        full = await self.client.invoke(raw.functions.users.GetFullUser(id=peer))
        return {command.command: command.description for command in full.full_user.bot_info.commands}

    async def press(self, peer, id, data):
        answer = await self.client.request_callback_answer(peer, id, data)
        return answer.message, answer.alert

    async def answer_press(self, query, text):
        await query.answer(text, show_alert=True)

    async def ask_inline(self, bot, word):
        found = await self.client.get_inline_bot_results(bot, word)
        return Results([result.title for result in found.results], found)

    async def answer_inline(self, query, articles):
        # Only a message with a button can be edited by its bot later on.
        results = [
            types.InlineQueryResultArticle(
                title=id,
                input_message_content=types.InputTextMessageContent(text),
                id=id,
                reply_markup=_keyboard((("More", b"more"),)),
            )
            for id, text in articles.items()
        ]
        await query.answer(results)

    async def send_result(self, results, title, peer):
        found = results.found
        id = found.results[results.titles.index(title)].id
        await self.client.send_inline_bot_result(peer, found.query_id, id)

    async def edit_inline(self, inline_id, text):
        await self.client.edit_inline_text(inline_id, text)

    # Files

    async def send_photo(self, peer, photo, caption):
        await self.client.send_photo(peer, _named(photo, "photo.jpg"), caption)

    async def send_album(self, peer, photos):
        media = [
            types.InputMediaPhoto(_named(photo, "photo.jpg"), caption)
            for caption, photo in photos.items()
        ]
        await self.client.send_media_group(peer, media)

    async def send_document(self, peer, name, content, caption, progress):
        await self.client.send_document(
            peer, _named(content, name), caption=caption, force_document=True, progress=progress
        )

    async def download(self, message, progress=None):
        found = await self.client.download_media(message.media, in_memory=True, progress=progress)
        return found.getvalue()

    def document(self, message):
        file = message.media.document
        return Document(file.file_name, file.mime_type, file.file_size)


def _named(content, name):
    file = io.BytesIO(content)
    file.name = name
    return file


def _keyboard(buttons):
    row = [types.InlineKeyboardButton(text, callback_data=data) for text, data in buttons]
    return types.InlineKeyboardMarkup([row])


def _user(user):
    return User(user.id, user.first_name, user.phone_number, user.username, bool(user.is_bot))


def _message(message):
    markup = message.reply_markup
    rows = markup.inline_keyboard if isinstance(markup, types.InlineKeyboardMarkup) else []
    forwarded = message.forward_origin
    return Message(
        message.id,
        message.chat.id,
        message.from_user.id if message.from_user else None,
        message.text or message.caption or "",
        reply_to=message.reply_to_message_id,
        forwarded_from=forwarded.sender_user.id if forwarded else None,
        is_edited=message.edit_date is not None and not message.edit_hidden,
        via_bot=message.via_bot.id if message.via_bot else None,
        album=message.media_group_id,
        buttons=tuple((button.text, _bytes(button.callback_data)) for row in rows for button in row),
        is_service=message.service is not None,
        media=message,
    )


def _bytes(data):
    return data.encode() if isinstance(data, str) else data


def _member(member):
    role, given = ROLES[member.status], member.privileges
    if role != "admin":
        return Member(member.user.id, role)
    names = {field: name for name, field in RIGHTS.items()}
    fields = [field for field, value in vars(given).items() if value is True]
    rights = frozenset(names.get(field, field) for field in fields)
    return Member(member.user.id, role, rights, member.custom_title)
