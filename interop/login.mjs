// `login`: signing up, by code, with a password, by a QR code; sessions, and the end of some.

import { ensure, refused, same } from './people.mjs'

const PHONE = '+10000000001'
const PASSWORD = 'correct horse'

export async function login(people) {
  const anna = await people.stranger()
  await signUp(people, anna)
  await logOut(anna)
  await byCode(people, anna)
  await withPassword(people, anna)
  await withoutIt(people, anna)
  const fourth = await byQr(people, anna)
  same('sessions', await sessions(anna), [4, 1])
  await logOut(fourth)
  same('sessions after one has ended', await sessions(anna), [3, 1])
  return 'sign-up (by a raw query), code, 2FA set, checked and removed, QR, sessions, log out'
}

/** A number that nobody has gets an account, after a wrong code. */
async function signUp(people, anna) {
  const { client } = anna
  const { phoneCodeHash } = await client.sendCode({ phone: PHONE })
  const phoneCode = await people.code(PHONE)
  await wrongCode(client, phoneCodeHash, phoneCode)
  // It reads auth.authorizationSignUpRequired, and has no method for what comes then.
  let why
  await client.signIn({ phone: PHONE, phoneCodeHash, phoneCode }).catch((error) => (why = error))
  same('at a new number', why?.constructor.name, 'MtUnsupportedError')
  const query = { phoneNumber: PHONE, phoneCodeHash, firstName: 'Anna', lastName: 'Onym' }
  const authorization = await client.call({ _: 'auth.signUp', ...query })
  await client.notifyLoggedIn(authorization)
  const me = await client.getMe()
  const ought = ['Anna', 'Onym', PHONE.slice(1)]
  same('who she is', [me.firstName, me.lastName, me.phoneNumber], ought)
  ensure(me.id > 0, `her id is ${me.id}`)
  anna.id = me.id
}

function wrongCode(client, phoneCodeHash, right) {
  const phoneCode = right.startsWith('1') ? '22222' : '11111'
  const wrong = client.signIn({ phone: PHONE, phoneCodeHash, phoneCode })
  return refused('a wrong code', 'PHONE_CODE_INVALID', wrong)
}

/** It is answered, and nothing goes on under that login. */
async function logOut({ client }) {
  await client.logOut()
  const state = client.call({ _: 'updates.getState' })
  await refused('after logging out', 'AUTH_KEY_UNREGISTERED', state)
}

/** The same account again. */
async function byCode(people, { id, client }) {
  const { phoneCodeHash } = await client.sendCode({ phone: PHONE })
  const phoneCode = await people.code(PHONE)
  await wrongCode(client, phoneCodeHash, phoneCode)
  const user = await client.signIn({ phone: PHONE, phoneCodeHash, phoneCode })
  same('her id', user.id, id)
}

/** A password set, asked for by a second client's login, and refused once. */
async function withPassword(people, anna) {
  await anna.client.enableCloudPassword({ password: PASSWORD, hint: 'horse' })
  const { client } = await people.stranger()
  const { phoneCodeHash } = await client.sendCode({ phone: PHONE })
  const phoneCode = await people.code(PHONE)
  const signIn = client.signIn({ phone: PHONE, phoneCodeHash, phoneCode })
  await refused('a login with a password set', 'SESSION_PASSWORD_NEEDED', signIn)
  same('the hint', await client.getPasswordHint(), 'horse')
  await refused('a wrong password', 'PASSWORD_HASH_INVALID', client.checkPassword('wrong'))
  same("the second's id", (await client.checkPassword(PASSWORD)).id, anna.id)
}

/** The password is removed by whoever knows it, and a third client needs none. */
async function withoutIt(people, anna) {
  const wrong = anna.client.removeCloudPassword('wrong')
  await refused('removed by a wrong password', 'PASSWORD_HASH_INVALID', wrong)
  await anna.client.removeCloudPassword(PASSWORD)
  const { client } = await people.stranger()
  const { phoneCodeHash } = await client.sendCode({ phone: PHONE })
  const phoneCode = await people.code(PHONE)
  const third = await client.signIn({ phone: PHONE, phoneCodeHash, phoneCode })
  same("the third's id", third.id, anna.id)
}

/** A fourth client shows a code, and the first accepts it. */
async function byQr(people, anna) {
  const fourth = await people.stranger()
  let shown
  const url = new Promise((resolve) => (shown = resolve))
  let scanned = false
  const signIn = fourth.client.signInQr({
    onUrlUpdated: shown,
    onQrScanned: () => (scanned = true),
  })
  const [, text] = /^tg:\/\/login\?token=([\w-]+)$/.exec(await url) ?? []
  ensure(text, `no login token in ${await url}`)
  const token = new Uint8Array(Buffer.from(text, 'base64url'))
  const accepted = await anna.client.call({ _: 'auth.acceptLoginToken', token })
  ensure(!accepted.current, "the session accepted is one's own")
  const user = await signIn
  ensure(scanned, 'it was not told that its code was accepted')
  same("the fourth's id", user.id, anna.id)
  fourth.id = user.id
  return fourth
}

/** How many there are, and how many of them are the one that asks. */
async function sessions({ client }) {
  const { authorizations } = await client.call({ _: 'account.getAuthorizations' })
  return [authorizations.length, authorizations.filter((session) => session.current).length]
}
