// mtcute against the sandbox.

import { checkConfig, main } from './loopback.mjs'
import { sessionScenarios } from './sessions.mjs'
import { People } from './people.mjs'
import { bot } from './bot.mjs'
import { cut } from './cut.mjs'
import { files } from './files.mjs'
import { group } from './group.mjs'
import { login } from './login.mjs'
import { talk } from './talk.mjs'
import { clientFor, framings, layer, version } from './mtcute.mjs'

/**
 * A fresh key (with PFS a second one, bound to it), then help.getConfig: inside initConnection, and
 * once bare.
 */
async function config(sandbox, framing) {
  const client = await clientFor(sandbox, framing)
  try {
    await client.call({ _: 'help.getConfig' })
    const answer = await client.call({ _: 'help.getConfig' })
    if (answer._ !== 'config') throw new Error(`help.getConfig answered ${answer._}`)
    return checkConfig(sandbox, answer.thisDc, answer.dcOptions)
  } finally {
    await client.destroy()
  }
}

/** A client that is connected, for the scenarios of sessions.mjs. */
async function connect(sandbox, framing) {
  const client = await clientFor(sandbox, framing)
  await client.call({ _: 'help.getConfig' })
  const connection = () => client._client.mt.network._primaryDc.main._connections[0]
  return {
    async ask(count) {
      const methods = Array.from({ length: count }, (_, at) => (at ? 'getNearestDc' : 'getConfig'))
      const calls = methods.map((method) => client.call({ _: `help.${method}` }))
      for (const { _, thisDc } of await Promise.all(calls)) {
        if (thisDc !== sandbox.dc) throw new Error(`answered ${_} ${thisDc}`)
      }
    },
    async askLarge(length) {
      try {
        const answer = await client.call({ _: 'help.getAppUpdate', source: 'x'.repeat(length) })
        return answer._
      } catch (error) {
        return error.message
      }
    },
    sessionId: () => connection()._session._sessionId.toString(),
    heard: () => connection()._session.lastActivityTime,
    isQuiet: () => {
      const { lastPingMsgId, pendingMessages, queuedRpc } = connection()._session
      const calls = [...pendingMessages.values()].some((message) => message._ === 'rpc')
      const waits = !lastPingMsgId.isZero() || calls || queuedRpc.length > 0
      return connection().isConnected && !waits
    },
    close: () => client.destroy(),
    // It pings every 60 to 65 s.
    step: 100,
    packs: true,
    fillsContainers: true,
    correctsItsClock: true,
    failsBy: [],
    hangsBy: ['strict-acks on'],
  }
}

/** The scenarios with people, each with clients of its own. */
const among = (scenario) => async (sandbox, framing) => {
  const people = new People(sandbox, () => clientFor(sandbox, framing))
  try {
    return await scenario(people)
  } finally {
    await people.leave()
  }
}

const scenarios = {
  config,
  ...sessionScenarios(connect),
  login: among(login),
  talk: among(talk),
  group: among(group),
  bot: among(bot),
  files: among(files),
  cut: among(cut),
}
await main({ client: 'mtcute', version, layer, framings, scenarios })
