// `group`: a supergroup, its members, an administrator, a link that leads into it, and a ban.

import { ensure, refused, same } from './people.mjs'

const PHONES = ['+10000000001', '+10000000002', '+10000000003']
const RIGHTS = ['banUsers', 'deleteMessages', 'inviteUsers', 'pinMessages']

export async function group(people) {
  const anna = await people.user('Anna', PHONES[0])
  const ben = await people.user('Ben', PHONES[1])
  const cleo = await people.user('Cleo', PHONES[2])
  await anna.knows(PHONES[1])
  await anna.knows(PHONES[2])
  const all = { anna, ben, cleo, chat: await created(anna) }
  await addBen(all)
  await promoteBen(all)
  await letCleoIn(all)
  await haveThree(all)
  await keepToRights(all)
  await banCleo(all)
  await haveHistory(all)
  return 'created, member added, admin, invite link joined, participants, rights, ban'
}

/** Resolves to the group's id, which is the same for all. */
async function created(anna) {
  const { id } = await anna.client.createSupergroup({ title: 'Judges', description: 'who judge' })
  const full = await anna.client.getFullChat(id)
  const is = [full.title, full.chatType, full.bio, full.membersCount, full.isCreator]
  same('the group', is, ['Judges', 'supergroup', 'who judge', 1, true])
  return id
}

/** Ben is added, is told so, hears and is heard. */
async function addBen({ anna, ben, chat }) {
  same('who is missing', await anna.client.addChatMembers(chat, ben.id, {}), [])
  await ben.hears('updateChannel')
  const sent = await anna.client.sendText(chat, 'Welcome, Ben')
  const heard = await ben.hears('new_message', (told) => told.text === 'Welcome, Ben' && told)
  // In a channel a message has one number, for all.
  same('the message', [heard.chat.id, heard.id], [chat, sent.id])
  await ben.client.replyText(heard, 'Thank you')
  const answer = await anna.hears('new_message', (told) => told.text === 'Thank you' && told)
  same('what is answered', answer.replyToMessage?.id, sent.id)
}

/** With four rights and a title. */
async function promoteBen({ anna, ben, chat }) {
  const rights = Object.fromEntries(RIGHTS.map((right) => [right, true]))
  await anna.client.editAdminRights({ chatId: chat, userId: ben.id, rights, rank: 'judge' })
  const member = await anna.client.getChatMember({ chatId: chat, userId: ben.id })
  same('what Ben is', [member.status, member.title], ['admin', 'judge'])
  const given = Object.entries(member.permissions).filter(([, is]) => is === true)
  same('his rights', given.map(([right]) => right).sort(), RIGHTS)
}

/** Ben exports a link, Cleo looks at it and comes in by it. */
async function letCleoIn({ anna, ben, cleo, chat }) {
  const { link } = await ben.client.exportInviteLink(chat)
  const preview = await cleo.client.getChatPreview(link)
  same('its title', preview.title, 'Judges')
  const joined = await cleo.client.joinChat(link)
  same('where she is', (joined.chat ?? joined).id, chat)
  const came = await anna.hears('new_message', (told) => told.isService && told)
  same('who came', [came.action.type, came.sender.id], ['user_joined_link', cleo.id])
}

async function haveThree({ anna, ben, cleo, chat }) {
  const statuses = async (type) => {
    const members = await anna.client.getChatMembers(chat, { type })
    return members.map(({ user, status }) => `${user.id} ${status}`).sort()
  }
  const ought = [`${anna.id} creator`, `${ben.id} admin`, `${cleo.id} member`].sort()
  same('the members', await statuses('recent'), ought)
  same('administrators', (await statuses('admins')).length, 2)
}

/** Cleo may not ban; Ben may delete what she says. */
async function keepToRights({ anna, ben, cleo, chat }) {
  // She knows him by what he has said.
  await cleo.client.getHistory(chat)
  const ban = cleo.client.banChatMember({ chatId: chat, participantId: ben.id })
  await refused("a member's ban", 'CHAT_ADMIN_REQUIRED', ban)
  const nonsense = await cleo.client.sendText(chat, 'Nonsense')
  for (const person of [anna, ben]) {
    await person.hears('new_message', (told) => told.text === 'Nonsense' && told)
  }
  await ben.client.deleteMessagesById(chat, [nonsense.id])
  const gone = await anna.hears('delete_message')
  same('what is gone', [gone.channelId, gone.messageIds], [chat, [nonsense.id]])
}

/** It is closed to her from then on. */
async function banCleo({ anna, ben, cleo, chat }) {
  await ben.client.banChatMember({ chatId: chat, participantId: cleo.id })
  await cleo.hears('updateChannel')
  await refused('who was banned', 'CHANNEL_PRIVATE', cleo.client.getFullChat(chat))
  const left = await anna.client.getChatMembers(chat, { type: 'recent' })
  same('how many are left', left.length, 2)
  const banned = await anna.client.getChatMembers(chat, { type: 'banned' })
  same('who is banned', banned.map(({ user, status }) => [user.id, status]), [[cleo.id, 'banned']])
}

/** Each text once, and what has happened. */
async function haveHistory({ anna, chat }) {
  const [texts, actions] = [[], []]
  for await (const message of anna.client.iterHistory(chat)) {
    if (message.isService) actions.push(message.action.type)
    else texts.push(message.text)
  }
  same('the texts', texts, ['Thank you', 'Welcome, Ben'])
  for (const action of ['channel_created', 'users_added', 'user_joined_link']) {
    ensure(actions.includes(action), `${action} is not among ${actions}`)
  }
}
