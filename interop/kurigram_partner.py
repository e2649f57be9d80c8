"""Kurigram as the other client of the scenario `across`."""

import sys

import loopback
import partner
from kurigram_client import FRAMINGS, client_for
from pyrogram import __version__, handlers, raw, types
from pyrogram.enums import MessageEntityType, ParseMode
from pyrogram.raw.all import layer


class Partner(partner.Partner):
    def __init__(self, sandbox, framing):
        super().__init__(sandbox, framing)
        self.client = client_for(sandbox, framing)

        # It tells texts again (README.md, "Among people").
        known = set()

        def teller(kind):
            async def tell(client, what):
                if kind in ("message", "edit") and what.outgoing:
                    return
                if kind == "message":
                    if what.id in known:
                        return
                    known.add(what.id)
                self.tell(kind, what)

            return tell

        self.client.add_handler(handlers.MessageHandler(teller("message")))
        self.client.add_handler(handlers.EditedMessageHandler(teller("edit")))
        self.client.add_handler(handlers.DeletedMessagesHandler(teller("delete")))
        self.client.add_handler(handlers.CallbackQueryHandler(teller("press")))
        self._sent = None

    async def _begin(self, user):
        """What `start` does after it has asked for a code on the terminal."""
        await self.client.invoke(raw.functions.updates.GetState())
        self.client.me = await self.client.get_me()
        await self.client.initialize()
        return user.id

    async def send_code(self, phone):
        await self.client.connect()
        self._sent = await self.client.send_code(phone)

    async def sign_in(self, phone, code):
        return await self._begin(await self.client.sign_in(phone, self._sent.phone_code_hash, code))

    async def sign_in_bot(self, token):
        await self.client.connect()
        return await self._begin(await self.client.sign_in_bot(token))

    async def set_username(self, username):
        await self.client.set_username(username)

    async def send(self, to, html, reply_to=None, buttons=None):
        markup = buttons and types.InlineKeyboardMarkup(
            [
                [types.InlineKeyboardButton(text, callback_data=data) for text, data in row]
                for row in buttons
            ]
        )
        sent = await self.client.send_message(
            to,
            html,
            parse_mode=ParseMode.HTML,
            reply_parameters=reply_to and types.ReplyParameters(message_id=reply_to),
            reply_markup=markup,
        )
        return sent.id

    async def edit(self, to, id, html):
        await self.client.edit_message_text(to, id, html, parse_mode=ParseMode.HTML)

    async def delete(self, to, ids):
        await self.client.delete_messages(to, ids, revoke=True)

    async def send_photo(self, to, path, caption):
        await self.client.send_photo(to, path, caption=caption)

    async def send_album(self, to, paths, captions):
        pairs = zip(paths, captions)
        await self.client.send_media_group(
            to, [types.InputMediaPhoto(path, caption=caption) for path, caption in pairs]
        )

    async def send_document(self, to, path, caption):
        await self.client.send_document(to, path, caption=caption)

    async def download(self, id, path):
        await self.client.download_media(self.heard[id], file_name=path)

    async def press(self, to, id, data):
        answer = await self.client.request_callback_answer(to, id, data)
        return {"text": answer.message, "alert": bool(answer.alert)}

    async def answer(self, text, alert):
        await self.query.answer(text, show_alert=alert)

    def described(self, kind, what):
        if kind == "delete":
            return {"ids": [message.id for message in what]}
        if kind == "press":
            return {"from": what.from_user.id, "data": what.data, "id": what.message.id}
        entities = what.entities or what.caption_entities or ()
        markup = what.reply_markup
        rows = markup.inline_keyboard if isinstance(markup, types.InlineKeyboardMarkup) else ()
        return {
            "id": what.id,
            "from": what.from_user.id,
            "text": what.text or what.caption or "",
            "entities": [_entity(entity) for entity in entities],
            "reply_to": what.reply_to_message_id,
            "group": what.media_group_id and str(what.media_group_id),
            "media": _media(what),
            "buttons": [[button.text for button in row] for row in rows],
        }

    async def leave(self):
        if self.client.is_initialized:
            await self.client.terminate()
        if self.client.is_connected:
            await self.client.disconnect()


def _entity(entity):
    kinds = {
        MessageEntityType.BOLD: ("bold", None),
        MessageEntityType.TEXT_LINK: ("link", entity.url),
        MessageEntityType.TEXT_MENTION: ("mention", entity.user and entity.user.id),
    }
    kind, about = kinds.get(entity.type, (str(entity.type), None))
    return [kind, entity.offset, entity.length, about]


def _media(message):
    if message.photo:
        return {"kind": "photo"}
    if message.document:
        file = message.document
        return {"kind": "document", "name": file.file_name, "mime": file.mime_type, "size": file.file_size}
    return None


if __name__ == "__main__":
    scenarios = {"partner": partner.scenario(Partner, __version__, layer)}
    sys.exit(loopback.main("kurigram", __version__, layer, FRAMINGS, scenarios))
