// `talk`: two accounts that write to each other, and are told of it.

import { ensure, same } from './people.mjs'

const ANNAS = '+10000000001'
const BENS = '+10000000002'
/** So many texts more make more than one page. */
const MORE = 25

export async function talk(people) {
  const anna = await people.user('Anna', ANNAS)
  const ben = await people.user('Ben', BENS)
  const [toBen, toAnna] = [await anna.knows(BENS), await ben.knows(ANNAS)]
  const two = { anna, ben, toBen, toAnna, said: [] }
  const hello = await writeAndAnswer(two)
  await typeAndRead(two)
  await editAndReact(two, hello)
  await pin(two, hello)
  await forward(two)
  await remove(two)
  await haveHistory(two)
  await search(two)
  const steps = 'reply, typing, read, edit, reaction, pin, forward, delete, history of'
  return `${steps} ${two.said.length}, search`
}

/** Texts in order, and an answer; resolves to Anna's first. */
async function writeAndAnswer({ anna, ben, toBen, toAnna, said }) {
  const hello = await anna.client.sendText(toBen, 'Hello, Ben')
  await anna.client.sendText(toBen, 'Are you there?')
  const heard = await ben.hearsText('Hello, Ben')
  same('who wrote', [heard.chat.id, heard.sender.id], [anna.id, anna.id])
  await ben.hearsText('Are you there?')
  const answer = await ben.client.replyText(heard, 'Hello, Anna')
  // The message that it makes of the short answer lacks that; the server's has it.
  same('what it says that Ben answers', answer.replyToMessage, null)
  const [his] = await ben.client.getMessages(toAnna, answer.id)
  same('what Ben answers', his?.replyToMessage?.id, heard.id)
  const told = await anna.hearsText('Hello, Anna')
  same('what is answered', told.replyToMessage?.id, hello.id)
  said.push('Hello, Ben', 'Are you there?', 'Hello, Anna')
  return hello
}

async function typeAndRead({ anna, ben, toBen, toAnna, said }) {
  await ben.client.sendTyping(toAnna, 'typing')
  const typing = await anna.hears('user_typing')
  same('who types', [typing.userId, typing.status], [ben.id, 'typing'])

  const last = await anna.client.sendText(toBen, 'Read this')
  said.push('Read this')
  await ben.hearsText('Read this')
  same('unread before', await unread(ben, anna), 3)
  await ben.client.readHistory(toAnna)
  const read = await anna.hears('history_read', (told) => told.isOutbox && told)
  same('who has read, and up to where', [read.chatId, read.maxReadId], [ben.id, last.id])
  same('unread after', await unread(ben, anna), 0)
}

/** How much somebody has not read of another. */
async function unread(person, other) {
  return (await dialogWith(person, other)).unreadCount
}

async function dialogWith(person, other) {
  for await (const dialog of person.client.iterDialogs()) {
    if (dialog.peer.id === other.id) return dialog
  }
  throw new Error(`no dialog with ${other.id}`)
}

async function editAndReact({ anna, ben, toBen, toAnna, said }, hello) {
  await anna.client.editMessage({ message: hello, text: 'Hello, dear Ben' })
  said[0] = 'Hello, dear Ben'
  const edited = await ben.hearsEdit('Hello, dear Ben')
  const [his] = await ben.client.getMessages(toAnna, edited.id)
  ensure(his.editDate instanceof Date, 'an edit without a date in the history')

  for (const [emoji, count] of [['👍', 1], [null, 0]]) {
    await ben.client.sendReaction({ chatId: toAnna, message: edited.id, emoji })
    const told = await anna.hears('updateMessageReactions')
    const sum = told.reactions.results.reduce((all, one) => all + one.count, 0)
    same('the reactions', [told.msgId, sum], [hello.id, count])
    const [hers] = await anna.client.getMessages(toBen, hello.id)
    const on = (hers.reactions?.reactions ?? []).map((one) => [one.emoji, one.count])
    same('the reactions on it', on, count ? [['👍', 1]] : [])
  }
}

async function pin({ anna, ben, toAnna }, hello) {
  await anna.client.pinMessage({ message: hello, bothSides: true })
  const pinned = await ben.hears('updatePinnedMessages')
  const filter = { _: 'inputMessagesFilterPinned' }
  const found = await ben.client.searchMessages({ chatId: toAnna, filter })
  same('what is pinned', [pinned.pinned, pinned.messages], [true, found.map(({ id }) => id)])
  same('what it says', found.map(({ text }) => text), ['Hello, dear Ben'])
  await anna.client.unpinMessage({ message: hello })
  const unpinned = await ben.hears('updatePinnedMessages')
  ensure(!unpinned.pinned, 'still pinned')
  const left = await ben.client.searchMessages({ chatId: toAnna, filter })
  same('what is left pinned', left.length, 0)
}

/** Into Ben's saved messages, where it names Anna. */
async function forward({ anna, ben, toAnna }) {
  const [his] = await ben.client.searchMessages({ chatId: toAnna, query: 'dear' })
  const [saved] = await ben.client.forwardMessages({ toChatId: 'me', messages: [his] })
  same('what is saved', saved.text, 'Hello, dear Ben')
  same('from whom', saved.forward?.sender.id, anna.id)
}

async function remove({ anna, ben, toBen, toAnna }) {
  const sent = await anna.client.sendText(toBen, 'Not this')
  const heard = await ben.hearsText('Not this')
  await anna.client.deleteMessages([sent], { revoke: true })
  const gone = await ben.hears('delete_message')
  same('what is gone', gone.messageIds, [heard.id])
  const his = await ben.client.getMessages(toAnna, heard.id)
  const hers = await anna.client.getMessages(toBen, sent.id)
  same('what is left of it', [...his, ...hers], [null, null])
}

/** Many texts more: both read all of them, page by page, and list each other. */
async function haveHistory({ anna, ben, toBen, toAnna, said }) {
  for (let number = 0; number < MORE; number++) {
    await anna.client.sendText(toBen, `Text ${number}`)
    await ben.hearsText(`Text ${number}`)
    said.push(`Text ${number}`)
  }
  for (const [person, peer] of [[anna, toBen], [ben, toAnna]]) {
    const texts = []
    for await (const message of person.client.iterHistory(peer, { chunkSize: 10 })) {
      if (!message.isService) texts.push(message.text)
    }
    same('the history', texts.reverse(), said)
  }
  // That something was pinned counts too.
  same('unread', await unread(ben, anna), MORE + 1)
  for (const [person, other] of [[anna, ben], [ben, anna]]) {
    const dialog = await dialogWith(person, other)
    same('its last message', dialog.lastMessage?.text, said.at(-1))
  }
}

async function search({ anna, toBen }) {
  const found = await anna.client.searchMessages({ chatId: toBen, query: 'dear' })
  same('what is found', found.map(({ text }) => text), ['Hello, dear Ben'])
  const anywhere = await anna.client.searchGlobal({ query: 'read this' })
  same('what is found anywhere', anywhere.map(({ text }) => text), ['Read this'])
}
