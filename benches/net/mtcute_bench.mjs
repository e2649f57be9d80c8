// mtcute, measured. Arguments and output are those of the programs beside it.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { MemoryStorage, TelegramClient } from '@mtcute/node'
import { NodeCryptoProvider, addPublicKey } from '@mtcute/node/utils.js'

const PATIENCE = 30_000
const MIB = 1 << 20
const PARTS = 512

const [scenario, address, serverKey, authKey, user, count, width] = process.argv.slice(2)
const task = {
  scenario,
  host: address.slice(0, address.lastIndexOf(':')),
  port: Number(address.slice(address.lastIndexOf(':') + 1)),
  serverKey: readFileSync(serverKey, 'ascii'),
  authKey: Uint8Array.from(Buffer.from(authKey, 'hex')),
  user: Number(user),
  count: Number(count),
  width: Number(width),
}

// Refuses every connection but to the sandbox.
const connect = net.Socket.prototype.connect
net.Socket.prototype.connect = function (...given) {
  const [options] = Array.isArray(given[0]) ? given[0] : given
  const { host, port } = typeof options === 'object' ? options : { port: options, host: given[1] }
  if (host !== task.host || port !== task.port) throw new Error(`not the sandbox: ${host}:${port}`)
  return connect.apply(this, given)
}

class Meter {
  #cpu = process.cpuUsage()
  #wall = process.hrtime.bigint()

  report(name, amount) {
    const { user, system } = process.cpuUsage(this.#cpu)
    const wall = Number(process.hrtime.bigint() - this.#wall) / 1e9
    console.log(['row', name, amount, ((user + system) / 1e6).toFixed(6), wall.toFixed(6)].join('\t'))
  }
}

// The table that addPublicKey writes to has no public name.
const inside = (name, file) => new URL(file, import.meta.resolve(name))
const { __publicKeyIndex: keys } = await import(inside('@mtcute/core', 'tl/binary/rsa-keys.js'))
const crypto = new NodeCryptoProvider()
await crypto.initialize()
for (const fingerprint of Object.keys(keys)) delete keys[fingerprint]
addPublicKey(crypto, task.serverKey)
// It stores fingerprints with 16 digits and looks them up without their leading zeros.
for (const [fingerprint, key] of Object.entries(keys)) {
  keys[BigInt(`0x${fingerprint}`).toString(16)] = key
}

async function clientFor(withKey = true, storage = new MemoryStorage()) {
  const here = { id: 2, ipAddress: task.host, port: task.port }
  const dcs = { main: here, media: here }
  const client = new TelegramClient({
    apiId: 1,
    apiHash: '0'.repeat(32),
    storage,
    defaultDcs: dcs,
    disableUpdates: !['updates', 'echo'].includes(task.scenario),
    logLevel: 1,
  })
  if (withKey) {
    const self = { userId: task.user, isBot: task.scenario === 'echo', isPremium: false, usernames: [] }
    await client.importSession({ version: 3, primaryDcs: dcs, self, authKey: task.authKey })
  }
  return client
}

const ask = (client) => client.call({ _: 'help.getNearestDc' })

async function calls() {
  const client = await clientFor()
  await ask(client)
  const each = Math.floor(task.count / task.width)
  const caller = async () => {
    for (let at = 0; at < each; at++) await ask(client)
  }
  const meter = new Meter()
  await Promise.all(Array.from({ length: task.width }, caller))
  meter.report('calls', each * task.width)
  await client.destroy()
}

async function connections() {
  for (let at = 0; at < task.count; at++) {
    const meter = new Meter()
    const client = await clientFor(task.scenario === 'connect')
    await ask(client)
    meter.report(task.scenario, 1)
    await client.destroy()
  }
}

/** A client that hears of updates. */
async function listening(heard) {
  const client = await clientFor()
  client.onNewMessage.add(heard(client))
  await client.getMe()
  await client.startUpdatesLoop()
  console.log('ready')
  return client
}

async function updates() {
  let came = -1
  let meter = new Meter()
  const all = new Promise((resolve) => {
    listening(() => () => {
      if (came === -1) console.log('ready') // the first makes the sender known
      if (came === 0) meter = new Meter()
      came += 1
      if (came === task.count) resolve()
    })
  })
  await Promise.race([all, sleep(PATIENCE)])
  meter.report('updates', came)
}

async function echo() {
  let came = -1
  let answered = 0
  let meter = new Meter()
  const all = new Promise((resolve, reject) => {
    listening((client) => async (message) => {
      if (message.isOutgoing) return
      if (came === 0) meter = new Meter()
      came += 1
      if (came === 0) return console.log('ready') // the first makes the sender known
      try {
        await client.answerText(message, message.text)
      } catch (error) {
        reject(error)
      }
      answered += 1
      if (answered === task.count) resolve()
    })
  })
  await Promise.race([all, sleep(PATIENCE)])
  meter.report('echo', answered)
}

async function files() {
  const client = await clientFor()
  await client.getMe()
  const noise = randomBytes(task.count * MIB)
  let meter = new Meter()
  const file = await client.uploadFile({
    file: noise,
    fileName: 'noise.bin',
    fileMime: 'application/octet-stream',
    partSize: PARTS,
  })
  meter.report('up', noise.length)
  const sent = await client.sendMedia('me', { type: 'document', file })
  let came = 0
  meter = new Meter()
  for await (const piece of client.downloadAsIterable(sent.media, { partSize: PARTS })) {
    came += piece.length
  }
  meter.report('down', came)
  await client.destroy()
}

function privateMemory() {
  const lines = readFileSync('/proc/self/smaps_rollup', 'ascii').split('\n')
  const kib = lines.filter((line) => line.startsWith('Private_')).map((line) => line.match(/\d+/)[0])
  return kib.reduce((sum, kib) => sum + Number(kib) * 1024, 0)
}

async function idle() {
  // What the first of all brings with it is not the clients'.
  await ask(await clientFor())
  const before = privateMemory()
  const meter = new Meter()
  const clients = []
  for (let at = 0; at < task.count; at++) {
    const client = await clientFor()
    await ask(client)
    clients.push(client)
  }
  await sleep(1000)
  meter.report('idle', Math.max(0, privateMemory() - before))
}

const scenarios = { calls, connect: connections, agree: connections, updates, echo, files, idle }
await scenarios[task.scenario]()
process.exit(0)
