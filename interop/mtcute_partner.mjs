// mtcute as the other client of the scenario `across`: it does what it is told, line by line. What is
// asked and answered is in layer-client/examples/interop/partner.rs.

import { main } from './loopback.mjs'
import { Person } from './people.mjs'
import { clientFor, framings, layer, version } from './mtcute.mjs'

import { BotKeyboard, InputMedia, html } from '@mtcute/node'

import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'

const say = (answer) => process.stdout.write(`partner\t${JSON.stringify(answer)}\n`)

/** An entity: its kind, where it is, how long, and what it is about. */
function entity({ raw }) {
  const { _, offset, length } = raw
  const known = {
    messageEntityBold: ['bold', null],
    messageEntityTextUrl: ['link', raw.url],
    messageEntityMentionName: ['mention', raw.userId],
  }
  const [kind, about] = known[_] ?? [_, null]
  return [kind, offset, length, about]
}

function media(message) {
  const { media } = message
  if (media?.type === 'photo') return { kind: 'photo' }
  if (media?.type !== 'document') return null
  return { kind: 'document', name: media.fileName, mime: media.mimeType, size: media.fileSize }
}

const described = (message) => ({
  id: message.id,
  from: message.sender.id,
  text: message.text,
  entities: message.entities.map(entity),
  reply_to: message.replyToMessage?.id ?? null,
  group: message.groupedId ? String(message.groupedId) : null,
  media: media(message),
  buttons: message.markup?.type === 'inline' ? message.markup.buttons.map((row) => row.map(({ text }) => text)) : [],
})

/** A user or a bot: what it can be told to do. */
class Partner {
  #clientFor
  #person
  #hash
  #heard = new Map()
  #query

  constructor(clientFor) {
    this.#clientFor = clientFor
  }

  async #client() {
    this.#person ??= new Person(await this.#clientFor())
    return this.#person.client
  }

  async send_code({ phone }) {
    const { phoneCodeHash } = await (await this.#client()).sendCode({ phone })
    this.#hash = phoneCodeHash
  }

  async sign_in({ phone, code }) {
    const given = { phone, phoneCode: code, phoneCodeHash: this.#hash }
    const user = await this.#person.client.signIn(given)
    await this.#person.begin(user)
    return user.id
  }

  async sign_in_bot({ token }) {
    const user = await (await this.#client()).signInBot(token)
    await this.#person.begin(user)
    return user.id
  }

  async set_username({ username }) {
    await this.#person.client.setMyUsername(username)
  }

  async send({ to, html: text, reply_to: replyTo, buttons }) {
    const row = (buttons) => buttons.map(([text, data]) => BotKeyboard.callback(text, data))
    const replyMarkup = buttons && BotKeyboard.inline(buttons.map(row))
    const sent = await this.#person.client.sendText(to, html(text), { replyTo, replyMarkup })
    return sent.id
  }

  async edit({ to, id, html: text }) {
    await this.#person.client.editMessage({ chatId: to, message: id, text: html(text) })
  }

  async delete({ to, ids }) {
    await this.#person.client.deleteMessagesById(to, ids, { revoke: true })
  }

  async send_photo({ to, path, caption }) {
    await this.#person.client.sendMedia(to, InputMedia.photo(readFileSync(path), { caption }))
  }

  async send_album({ to, paths, captions }) {
    const photo = (path, at) => InputMedia.photo(readFileSync(path), { caption: captions[at] })
    await this.#person.client.sendMediaGroup(to, paths.map(photo))
  }

  async send_document({ to, path, caption }) {
    const given = { caption, fileName: basename(path), fileMime: 'a/noise' }
    await this.#person.client.sendMedia(to, InputMedia.document(readFileSync(path), given))
  }

  async next({ kind }) {
    if (kind === 'message') {
      const other = (told) => !told.isOutgoing && told
      const message = await this.#person.hears('new_message', other)
      this.#heard.set(message.id, message)
      return described(message)
    }
    if (kind === 'edit') return described(await this.#person.hears('edit_message', (told) => !told.isOutgoing && told))
    if (kind === 'delete') return { ids: (await this.#person.hears('delete_message')).messageIds }
    this.#query = await this.#person.hears('callback_query')
    return { from: this.#query.user.id, data: this.#query.dataStr, id: this.#query.messageId }
  }

  async download({ id, path }) {
    // Its downloadToFile is done before the file is.
    writeFileSync(path, await this.#person.client.downloadAsBuffer(this.#heard.get(id).media))
  }

  async press({ to, id, data }) {
    const answer = await this.#person.client.getCallbackAnswer({ chatId: to, message: id, data })
    return { text: answer.message, alert: answer.alert ?? false }
  }

  async answer({ text, alert }) {
    await this.#person.client.answerCallbackQuery(this.#query, { text, alert })
  }

  async leave() {
    await this.#person?.client.destroy()
  }
}

async function partner(sandbox, framing) {
  say({ ok: { version, layer } })
  const all = {}
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: what, who, ...how } = JSON.parse(line)
    all[who] ??= new Partner(() => clientFor(sandbox, framing))
    if (what === 'quit') {
      for (const one of Object.values(all)) await one.leave()
      say({ ok: null })
      return 'left in order'
    }
    try {
      say({ ok: (await all[who][what](how)) ?? null })
    } catch (error) {
      console.error(error)
      say({ error: String(error) })
    }
  }
  throw new Error('nobody said that it may leave')
}

await main({ client: 'mtcute', version, layer, framings, scenarios: { partner } })
