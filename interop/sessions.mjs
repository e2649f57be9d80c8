// Scenarios `session` and `faults`, for the clients on Node.js; the twin of sessions.py, with the
// same steps.
//
// `session`: one session is held for ten lifetimes of a salt while the clocks of the sandbox and of
// the client are driven together; then comes trouble. `faults`: what servers do rarely, each with a
// client of its own. What has happened is read from the sandbox's own counts.

import { system } from './clock.mjs'

const SALT_LIFE = 3600
const SALT_STEP = SALT_LIFE / 2
const LIFETIMES = 10

/** What a server may do, as the commands that make the sandbox do it. */
const FAULTS = [
  // A packet refused: the clock (16, 17), its identifier (18 to 20), its number (32 to 35), its salt.
  ...[16, 17, 18, 19, 20, 32, 33, 34, 35, 48, 64].map((code) => `refuse ${code}`),
  'refuse-containers 1',
  // msg_detailed_info in place of the answers, which the client has to ask for.
  'announce on',
  'no-containers on',
  'tell-states 1',
  'ask-resend 1',
  'strict-acks on',
]

/**
 * The scenarios with a client that `connect(sandbox, framing)` resolves to, connected:
 *
 * - `ask(count)`: calls so many methods at once and checks every answer
 * - `askLarge(length)`: calls a method that the sandbox does not know, resolves to the error's text
 * - `sessionId()`; `heard()`, which changes whenever the client has got a message; `isQuiet()`,
 *   whether it is connected and waits for nothing; `close()`
 * - `step`: seconds between two leaps: more than between two pings, less than the server is patient
 *   for, and less than 300, lest what was sent just before a leap be too old after it
 * - what the library can do, so that it is demanded: `packs`, `fillsContainers`,
 *   `answersStateRequests`, `correctsItsClock`
 * - by which of FAULTS the calls under way fail, later ones not: `failsBy`; and by which they are
 *   never answered: `hangsBy`
 */
export function sessionScenarios(connect) {
  const withClient = async (sandbox, framing, scenario) => {
    const talk = await connect(sandbox, framing)
    try {
      return await scenario(talk)
    } finally {
      await talk.close()
    }
  }
  return {
    session: (sandbox, framing) =>
      withClient(sandbox, framing, (talk) => session(sandbox.control, talk)),

    async faults(sandbox, framing) {
      let seen
      for (const fault of FAULTS) {
        await withClient(sandbox, framing, (talk) => {
          seen = talk
          return bearFault(sandbox.control, talk, fault)
        })
      }
      const { failsBy, hangsBy } = seen
      return `${FAULTS.length} faults; fails by: ${failsBy.join(', ')}; hangs by: ${hangsBy.join(', ')}`
    },
  }
}

async function session(control, talk) {
  const notes = [await lifetimes(control, talk)]
  for (const [name, trouble] of Object.entries(troubles)) {
    const before = await control.stats()
    const since = async () => less(await control.stats(), before)
    notes.push(`${name}: ${await trouble(control, talk, since)}`)
  }
  return notes.join('; ')
}

async function lifetimes(control, talk) {
  // The key was agreed a little before now, and its first salt began then.
  const begun = Date.now() / 1000
  await talk.ask(1)
  const sessionId = talk.sessionId()
  const before = await control.stats()
  let leaps = 0
  for (let halfHour = 1; halfHour * SALT_STEP <= LIFETIMES * SALT_LIFE; halfHour++) {
    const left = () => begun + halfHour * SALT_STEP - Date.now() / 1000
    while (left() > 3.5) {
      const heard = talk.heard()
      const { pings } = await control.stats()
      if (left() > talk.step) {
        leaps += 1
        await leap(control, talk, talk.step)
        await until(() => talk.heard() !== heard, 'an answer to a ping')
        await until(async () => (await control.stats()).pings > pings, 'a ping')
      } else {
        await leap(control, talk, Math.floor(left()) - 2)
        await talk.ask(1)
      }
    }
    // No ping falls due in these four seconds: a call is the first to notice a salt's end.
    await leap(control, talk, 4)
    await talk.ask(5)
  }
  const now = await control.stats()
  const stats = less(now, before)
  expect(stats.salts + 1 >= LIFETIMES, `${stats.salts} new salts in ${LIFETIMES} lifetimes`)
  expect(now.sessions === 1 && talk.sessionId() === sessionId, `${now.sessions} sessions, not one`)
  expect(stats.pings * 2 > leaps, `${stats.pings} pings in ${leaps} leaps`)
  expect(!talk.fillsContainers || stats.containers >= LIFETIMES, 'hardly a container')
  expect(stats.sent_containers >= LIFETIMES, 'hardly a container for the client')
  return (
    `${LIFETIMES} lifetimes: salts ${stats.salts + 1}, bad_server_salt ${stats.bad_salts}, ` +
    `get_future_salts ${now.salt_requests}, pings ${stats.pings}, ` +
    `acks ${stats.acks}, containers ${stats.containers}, ` +
    `largest ${now.largest_container}, sent ${stats.sent_containers}, queries ${stats.queries}`
  )
}

const troubles = {
  async 'stale salt'(control, talk, since) {
    await control.command('stale-salts')
    await talk.ask(3)
    const stats = await since()
    expect(stats.bad_salts >= 1, 'no bad_server_salt')
    expect(stats.salts >= 1, 'the new salt was not used')
    return `bad_server_salt ${stats.bad_salts}`
  },

  async 'large call'(control, talk, since) {
    const error = await talk.askLarge(4096)
    const stats = await since()
    expect(error.includes('AUTH_KEY_UNREGISTERED'), `answered ${error}`)
    expect(!talk.packs || stats.packed === 1, `${stats.packed} packed`)
    return `packed ${stats.packed}`
  },

  async 'packed answers'(control, talk, since) {
    await control.command('fault gzip-answers on')
    await talk.ask(5)
    await control.command('fault gzip-answers off')
    const stats = await since()
    expect(stats.packed_answers >= 1, 'no answer was packed')
    return stats.packed_answers
  },

  async 'state requests'(control, talk, since) {
    await control.command('fault ask-states 1')
    await talk.ask(3)
    await talk.ask(3)
    const { state_infos: answered } = await since()
    expect(answered === Number(talk.answersStateRequests ?? false), `answered ${answered} times`)
    return `answered ${answered}`
  },

  async restart(control, talk, since) {
    await control.command('restart')
    await talk.ask(3)
    const stats = await since()
    expect(stats.sessions >= 1, 'no new session after the restart')
    expect(stats.keys === 0, 'a new key after the restart')
    return `new_session_created ${stats.sessions}`
  },

  async 'lone leap'(control, talk, since) {
    await control.command('advance 3600')
    let note = 'calls go through'
    try {
      await within(talk.correctsItsClock ? 5 : 2, talk.ask(1))
    } catch (error) {
      if (talk.correctsItsClock) throw error
      note = `no call goes through (${error.message})`
    }
    const stats = await since()
    return `${note}, code 16 ${stats.bad_16}, bad_server_salt ${stats.bad_salts}`
  },
}

/** Lets time pass; what the client would have done in it is done before it is asked for more. */
async function leap(control, talk, seconds) {
  await control.advance(seconds)
  await new Promise((resolve) => system.setTimeout(resolve, 3))
  await until(talk.isQuiet, 'silence')
}

async function bearFault(control, talk, fault) {
  await talk.ask(2)
  const before = await settled(control)
  const [name, value] = fault.split(' ')
  await control.command(`fault ${fault}`)
  let outcome = 'answered'
  try {
    await within(talk.hangsBy.includes(fault) ? 1 : 5, talk.ask(4))
  } catch (error) {
    outcome = error instanceof TooLate ? 'hangs' : 'fails'
  }
  const stats = less(await control.stats(), before)
  if (name === 'refuse') {
    expect(stats[value === '48' ? 'bad_salts' : `bad_${value}`] >= 1, `${fault}: not refused`)
  } else {
    await control.command(`fault ${name} ${value === 'on' ? 'off' : 0}`)
  }
  const expected = talk.failsBy.includes(fault) ? 'fails' : 'answered'
  expect(outcome === (talk.hangsBy.includes(fault) ? 'hangs' : expected), `${fault}: ${outcome}`)
  if (outcome !== 'hangs') await within(5, talk.ask(3))
}

class TooLate extends Error {}

function within(seconds, promise) {
  const tooLate = (_, reject) => {
    system.setTimeout(() => reject(new TooLate(`nothing in ${seconds} s`)), seconds * 1000)
  }
  return Promise.race([promise, new Promise(tooLate)])
}

/** What was counted between two looks. */
function less(now, before) {
  return new Proxy(now, { get: (_, name) => now[name] - before[name] })
}

/**
 * What is counted once all has come that the client sends unasked: an acknowledgement still under
 * way would be the next packet, and bear the fault in a call's place.
 */
async function settled(control) {
  let stats = await control.stats()
  let before
  do {
    await new Promise((resolve) => system.setTimeout(resolve, 50))
    before = stats
    stats = await control.stats()
  } while (Object.keys(stats).some((name) => stats[name] !== before[name]))
  return stats
}

async function until(condition, what) {
  const patience = system.now() + 5000
  while (!(await condition())) {
    if (system.now() > patience) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => system.setTimeout(resolve, 1))
  }
}

function expect(condition, otherwise) {
  if (!condition) throw new Error(otherwise)
}
