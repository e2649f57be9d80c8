// Who takes part in the scenarios with logins: clients on Node.js, and what they are told.

import { system } from './clock.mjs'

/** So long, in milliseconds, may take what comes by itself. */
export const PATIENCE = 5000

/** All that take part in one scenario. */
export class People {
  #sandbox
  #clientFor
  #all = []

  constructor(sandbox, clientFor) {
    this.#sandbox = sandbox
    this.#clientFor = clientFor
  }

  get control() {
    return this.#sandbox.control
  }

  /** A client without a login. */
  async stranger() {
    const person = new Person(await this.#clientFor())
    this.#all.push(person)
    return person
  }

  /** The login code that was sent to this number. */
  code(phone) {
    return this.control.command(`code ${phone}`)
  }

  /** A client of a user that there is from now on, logged in and listening. */
  async user(name, phone) {
    const id = Number(await this.control.command(`add-user ${phone} ${name}`))
    const person = await this.stranger()
    const { phoneCodeHash } = await person.client.sendCode({ phone })
    const phoneCode = await this.code(phone)
    const user = await person.client.signIn({ phone, phoneCodeHash, phoneCode })
    same('who is logged in', [user.id, user.displayName], [id, name])
    await person.begin(user)
    return person
  }

  /** A bot that there is from now on, and that can be asked inline; resolves to its token. */
  async bot(name, username) {
    const [, token] = (await this.control.command(`add-bot ${username} ${name}`)).split(' ')
    await this.control.command(`set-inline ${username} Search`)
    return token
  }

  async leave() {
    for (const person of this.#all) await person.client.destroy()
  }
}

/** A client and what it is told. */
export class Person {
  id = 0
  #told = []
  #known = new Set()
  #doubled = null
  #wake = () => {}

  constructor(client) {
    this.client = client
    client.onUpdate.add(({ name, data }) => this.#tell(name, data))
    client.onRawUpdate.add(({ update }) => this.#tell(update._, update))
  }

  /**
   * Listens from now on, as the user that it is logged in as. The login has begun that; begun a second
   * time before it is there, everything would be told twice.
   */
  async begin(user) {
    this.id = user.id
    const until = system.now() + PATIENCE
    while (!this.client._client.updates.updatesLoopActive) {
      ensure(system.now() < until, 'it does not listen after its login')
      await new Promise((resolve) => system.setTimeout(resolve, 1))
    }
  }

  #tell(name, data) {
    if (name === 'new_message') {
      const key = `${data.chat.id} ${data.id}`
      if (this.#known.has(key)) this.#doubled = data.text
      this.#known.add(key)
    }
    this.#told.push({ name, data })
    this.#wake()
  }

  /** Has somebody among the contacts, by the number; resolves to the id by which it is named then. */
  async knows(phone) {
    const contact = { phone, firstName: 'Somebody', lastName: '' }
    const { imported } = await this.client.importContacts([contact])
    same('how many were imported', imported.length, 1)
    return imported[0].userId
  }

  /** The next thing of this name in which `find` finds something; others are passed over. */
  async hears(name, find = (data) => data, patience = PATIENCE) {
    const until = system.now() + patience
    for (;;) {
      if (this.#doubled !== null) throw new Error(`told twice: ${this.#doubled}`)
      while (this.#told.length > 0) {
        const told = this.#told.shift()
        const found = told.name === name ? find(told.data) : undefined
        if (found !== undefined && found !== false && found !== null) return found
      }
      const left = until - system.now()
      if (left <= 0) throw new Error(`${this.id} was not told a ${name}`)
      await new Promise((resolve) => {
        this.#wake = resolve
        system.setTimeout(resolve, left)
      })
    }
  }

  /** The next message of somebody else, which must say this. */
  async hearsText(text) {
    // What is forwarded into the saved messages counts as incoming there.
    const others = (data) => !data.isOutgoing && data.chat.id !== this.id && data
    const message = await this.hears('new_message', others)
    same('a message', message.text, text)
    return message
  }

  /** The next message that was edited, which must say this now. */
  async hearsEdit(text) {
    const message = await this.hears('edit_message')
    same('an edited message', message.text, text)
    return message
  }
}

/** Fails unless what is demanded is so. */
export function ensure(isSo, otherwise) {
  if (!isSo) throw new Error(otherwise)
}

/** Fails unless both are the same, compared as JSON. */
export function same(what, is, ought) {
  const [one, other] = [JSON.stringify(is), JSON.stringify(ought)]
  ensure(one === other, `${what}: ${one}, not ${other}`)
}

/** What the server refuses with this error. */
export async function refused(what, error, promise) {
  let answer
  try {
    answer = await promise
  } catch (why) {
    same(what, why.text ?? String(why), error)
    return
  }
  throw new Error(`${what}: not refused but answered ${JSON.stringify(answer)}`)
}
