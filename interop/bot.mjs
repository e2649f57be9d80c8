// `bot`: a bot that answers: messages, buttons, inline queries.

import { BotInline, BotInlineMessage, BotKeyboard, html } from '@mtcute/node'

import { refused, same } from './people.mjs'

const COMMANDS = [
  { command: 'start', description: 'begins' },
  { command: 'verdict', description: 'says it' },
]

export async function bot(people) {
  const anna = await people.user('Anna', '+10000000001')
  const token = await people.bot('Judge', 'judge_bot')
  const judge = await people.stranger()
  const wrong = judge.client.signInBot('1:nonsense')
  await refused('a wrong token', 'ACCESS_TOKEN_INVALID', wrong)
  const me = await judge.client.signInBot(token)
  same('who it is', [me.isBot, me.username, me.displayName], [true, 'judge_bot', 'Judge'])
  await judge.begin(me)

  await commands(anna, judge)
  await start(anna, judge)
  await press(anna, judge)
  const sent = await askInline(anna, judge)
  await editInline(anna, judge, sent)
  return 'commands, /start, callback answered, inline query, result sent, inline edit'
}

/** What the bot says that it can do, as itself and others read it. */
async function commands(anna, judge) {
  const plain = (all) => all.map(({ command, description }) => ({ command, description }))
  const given = COMMANDS.map((command) => ({ _: 'botCommand', ...command }))
  await judge.client.setMyCommands({ commands: given })
  same('the commands', plain(await judge.client.getMyCommands()), COMMANDS)
  const { full } = await anna.client.getFullUser('judge_bot')
  same('the commands as others see them', plain(full.botInfo?.commands ?? []), COMMANDS)
}

async function start(anna, judge) {
  await anna.client.sendText('judge_bot', '/start')
  const heard = await judge.hearsText('/start')
  same('who starts', heard.chat.id, anna.id)
  const buttons = [
    [BotKeyboard.callback('Press', 'pressed'), BotKeyboard.callback('Me too', 'second')],
  ]
  const replyMarkup = BotKeyboard.inline(buttons)
  await judge.client.sendText(anna.id, html`<b>Well?</b>`, { replyMarkup })
}

/** A button is pressed, and waits for its answer; the message is edited too. */
async function press(anna, judge) {
  const message = await anna.hearsText('Well?')
  const rows = message.markup.buttons.map((row) => row.map(({ text }) => text))
  same('the buttons', rows, [['Press', 'Me too']])
  const answering = async () => {
    const query = await judge.hears('callback_query')
    const told = [query.dataStr, query.user.id, query.chat.id]
    same('the press', told, ['second', anna.id, anna.id])
    await judge.client.answerCallbackQuery(query, { text: 'Done!', alert: true })
    await judge.client.editMessage({ chatId: anna.id, message: query.messageId, text: 'Done' })
  }
  const pressing = anna.client.getCallbackAnswer({ message, data: 'second' })
  const [answer] = await Promise.all([pressing, answering()])
  same('the answer', [answer.message, answer.alert], ['Done!', true])
  same('what was edited', (await anna.hearsEdit('Done')).id, message.id)
}

/** An inline query is answered and its second result sent; resolves to the message. */
async function askInline(anna, judge) {
  const replyMarkup = BotKeyboard.inline([[BotKeyboard.callback('Appeal', 'appeal')]])
  const article = (id, title) =>
    BotInline.article(id, { title, message: BotInlineMessage.text(title, { replyMarkup }) })
  const answering = async () => {
    const query = await judge.hears('inline_query')
    same('what is asked', [query.query, query.user.id], ['verdict', anna.id])
    const results = [article('1', 'Guilty'), article('2', 'Not guilty')]
    const params = { cacheTime: 0, private: true, nextOffset: 'more' }
    await judge.client.answerInlineQuery(query, results, params)
  }
  // It has no method of its own for whoever asks.
  const peer = { _: 'inputPeerSelf' }
  const asking = anna.client.call({
    _: 'messages.getInlineBotResults',
    bot: await anna.client.resolveUser('judge_bot'),
    peer,
    query: 'verdict',
    offset: '',
  })
  const [found] = await Promise.all([asking, answering()])
  same('the results', found.results.map(({ id }) => id), ['1', '2'])
  same('where more begin', found.nextOffset, 'more')
  await anna.client.call({
    _: 'messages.sendInlineBotResult',
    peer,
    queryId: found.queryId,
    id: '2',
    randomId: found.queryId.add(1),
  })
  const [saved] = await anna.client.searchMessages({ chatId: 'me', query: 'Not guilty' })
  same('by which bot', saved?.viaBot?.id, judge.id)
  return saved
}

/** The bot is told what was chosen, and edits it. */
async function editInline(anna, judge, sent) {
  const chosen = await judge.hears('chosen_inline_result')
  same('what was chosen', [chosen.id, chosen.query, chosen.user.id], ['2', 'verdict', anna.id])
  await judge.client.editInlineMessage({ messageId: chosen.messageId, text: 'Guilty' })
  const edited = await anna.hearsEdit('Guilty')
  same('what was edited', [edited.id, edited.markup], [sent.id, null])
}
