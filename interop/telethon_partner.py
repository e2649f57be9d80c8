"""Telethon as the other client of the scenario `across`."""

import sys

import loopback
import partner
from telethon import Button, __version__, events
from telethon.tl.alltlobjects import LAYER
from telethon.tl.functions.account import UpdateUsernameRequest
from telethon.tl.types import (
    MessageEntityBold,
    MessageEntityMentionName,
    MessageEntityTextUrl,
    ReplyInlineMarkup,
)
from telethon_client import FRAMINGS, client_for


class Partner(partner.Partner):
    def __init__(self, sandbox, framing):
        super().__init__(sandbox, framing)
        self.client = client_for(sandbox, framing)
        listen = self.client.add_event_handler

        def teller(kind, of=lambda event: event):
            async def tell(event):
                self.tell(kind, of(event))

            return tell

        message = lambda event: event.message
        listen(teller("message", message), events.NewMessage(incoming=True))
        listen(teller("edit", message), events.MessageEdited(incoming=True))
        listen(teller("delete"), events.MessageDeleted())
        listen(teller("press"), events.CallbackQuery())

    async def send_code(self, phone):
        await self.client.connect()
        await self.client.send_code_request(phone)

    async def sign_in(self, phone, code):
        return (await self.client.sign_in(phone, code)).id

    async def sign_in_bot(self, token):
        await self.client.connect()
        return (await self.client.sign_in(bot_token=token)).id

    async def set_username(self, username):
        await self.client(UpdateUsernameRequest(username))

    async def send(self, to, html, reply_to=None, buttons=None):
        if buttons:
            buttons = [[Button.inline(text, data.encode()) for text, data in row] for row in buttons]
        sent = await self.client.send_message(
            to, html, parse_mode="html", reply_to=reply_to, buttons=buttons
        )
        return sent.id

    async def edit(self, to, id, html):
        await self.client.edit_message(to, id, html, parse_mode="html")

    async def delete(self, to, ids):
        await self.client.delete_messages(to, ids, revoke=True)

    async def send_photo(self, to, path, caption):
        await self.client.send_file(to, path, caption=caption)

    async def send_album(self, to, paths, captions):
        await self.client.send_file(to, paths, caption=captions)

    async def send_document(self, to, path, caption):
        await self.client.send_file(to, path, caption=caption, force_document=True)

    async def download(self, id, path):
        # With a path it would append what it takes for the extension.
        with open(path, "wb") as file:
            await self.client.download_media(self.heard[id], file)

    async def press(self, to, id, data):
        answer = await self.heard[id].click(data=data.encode())
        return {"text": answer.message, "alert": bool(answer.alert)}

    async def answer(self, text, alert):
        await self.query.answer(text, alert=alert)

    def described(self, kind, what):
        if kind == "delete":
            return {"ids": what.deleted_ids}
        if kind == "press":
            return {"from": what.sender_id, "data": what.data.decode(), "id": what.message_id}
        return {
            "id": what.id,
            "from": what.sender_id,
            "text": what.raw_text,
            "entities": [_entity(entity) for entity in what.entities or ()],
            "reply_to": what.reply_to_msg_id,
            "group": what.grouped_id and str(what.grouped_id),
            "media": _media(what),
            "buttons": [[button.text for button in row] for row in what.buttons or ()]
            if isinstance(what.reply_markup, ReplyInlineMarkup)
            else [],
        }

    async def leave(self):
        await self.client.disconnect()


def _entity(entity):
    kind, about = type(entity).__name__, None
    if isinstance(entity, MessageEntityBold):
        kind = "bold"
    elif isinstance(entity, MessageEntityTextUrl):
        kind, about = "link", entity.url
    elif isinstance(entity, MessageEntityMentionName):
        kind, about = "mention", entity.user_id
    return [kind, entity.offset, entity.length, about]


def _media(message):
    if message.photo:
        return {"kind": "photo"}
    if message.document:
        file = message.file
        return {"kind": "document", "name": file.name, "mime": file.mime_type, "size": file.size}
    return None


if __name__ == "__main__":
    scenarios = {"partner": partner.scenario(Partner, __version__, LAYER)}
    sys.exit(loopback.main("telethon", __version__, LAYER, FRAMINGS, scenarios))
