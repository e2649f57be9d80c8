// `cut`: links are cut in the midst of a conversation, which loses nothing and doubles nothing.

import { system } from './clock.mjs'
import { ensure, same } from './people.mjs'

const ANNAS = '+10000000001'
const BENS = '+10000000002'
/** So many texts each sends at once around each cut. */
const EACH = 5
/** So long after the last cut, in milliseconds, all has come. */
const PATIENCE = 20_000

/** What is done before the texts are sent, and what when the first of them has come. */
const ROUNDS = [
  [[], ['cut-links']],
  [['cut-links'], []],
  [['fault cut-when-sent 2'], []],
  [['fault cut-when-sent 4'], []],
  [['cut-links', 'refuse-links 2'], []],
  [[], ['refuse-links 2', 'cut-links']],
]

export async function cut(people) {
  const anna = await people.user('Anna', ANNAS)
  const ben = await people.user('Ben', BENS)
  const [toBen, toAnna] = [await anna.knows(BENS), await ben.knows(ANNAS)]
  const { keys } = await people.control.stats()

  for (const [round, [before, after]] of ROUNDS.entries()) {
    for (const command of before) await people.control.command(command)
    const { queries } = await people.control.stats()
    const says = [say(anna, toBen, 'a', round), say(ben, toAnna, 'b', round)]
    if (after.length > 0) while ((await people.control.stats()).queries === queries);
    for (const command of after) await people.control.command(command)
    await Promise.all(says)
  }
  const count = ROUNDS.length * EACH
  await hearAll(ben, 'a', count)
  await hearAll(anna, 'b', count)
  for (const [person, peer] of [[anna, toBen], [ben, toAnna]]) {
    const texts = []
    for await (const message of person.client.iterHistory(peer)) texts.push(message.text)
    same('messages in a history', texts.length, 2 * count)
    same('different ones', new Set(texts).size, 2 * count)
  }
  // And nothing comes twice, up to what is said last.
  await anna.client.sendText(toBen, 'The end')
  await ben.hearsText('The end')
  await ben.client.sendText(toAnna, 'The end')
  await anna.hearsText('The end')

  for (const { client, id } of [anna, ben]) same('who is logged in', (await client.getMe()).id, id)
  same('keys', (await people.control.stats()).keys, keys)
  return `${ROUNDS.length} rounds of cuts, ${2 * count} texts, each once in both histories and told once`
}

/** Several texts at once; all are answered with the message. */
async function say({ client }, to, who, round) {
  const numbers = Array.from({ length: EACH }, (_, at) => round * EACH + at)
  const sends = numbers.map((number) => client.sendText(to, `${who}${number}`))
  for (const [at, sent] of (await Promise.all(sends)).entries()) {
    ensure(sent.id > 0, 'a message without a number')
    same('what was sent', sent.text, `${who}${numbers[at]}`)
  }
}

/** All the other's texts, each once. */
async function hearAll(person, who, count) {
  const missing = new Set(Array.from({ length: count }, (_, number) => `${who}${number}`))
  const until = system.now() + PATIENCE
  while (missing.size > 0) {
    const other = (told) => !told.isOutgoing && told
    const { text } = await person.hears('new_message', other, until - system.now())
    ensure(missing.delete(text), `${text} was told twice`)
  }
}
