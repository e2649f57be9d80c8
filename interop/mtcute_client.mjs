// mtcute against the sandbox.

import { checkConfig, main, troubles } from './loopback.mjs'
import { sessionScenarios } from './sessions.mjs'

import { readFileSync } from 'node:fs'

import {
  IntermediatePacketCodec,
  MemoryStorage,
  MtProxyTcpTransport,
  ObfuscatedPacketCodec,
  PaddedIntermediatePacketCodec,
  TcpTransport,
  TelegramClient,
  tl,
} from '@mtcute/node'
import { NodeCryptoProvider, addPublicKey } from '@mtcute/node/utils.js'

/** The URL of a file in an installed package, exported or not. */
const inside = (name, file) => new URL(file, import.meta.resolve(name))

// The table that addPublicKey writes to has no public name.
const { __publicKeyIndex: keys } = await import(inside('@mtcute/core', 'tl/binary/rsa-keys.js'))
const { version } = JSON.parse(readFileSync(inside('@mtcute/node', 'package.json')))

/** TCP with a framing of our choice; the library's own always speaks the intermediate one. */
class FramedTransport extends TcpTransport {
  constructor(codec) {
    super()
    this.packetCodec = codec
  }
}

const framed = (codec) => () => new FramedTransport(codec)

const proxied =
  (marker) =>
  ({ host, port, secret }) =>
    new MtProxyTcpTransport({ host, port, secret: marker + secret })

const intermediate = () => new IntermediatePacketCodec()
const padded = () => new PaddedIntermediatePacketCodec()

const framings = {
  intermediate: { transport: framed(intermediate) },
  'intermediate+pfs': { transport: framed(intermediate), usePfs: true },
  padded: { transport: framed(padded) },
  'obfuscated-intermediate': { transport: framed(() => new ObfuscatedPacketCodec(intermediate())) },
  'obfuscated-padded': { transport: framed(() => new ObfuscatedPacketCodec(padded())) },
  'mtproxy-intermediate': { transport: proxied('') },
  'mtproxy-padded': { transport: proxied('dd') },
  'mtproxy-padded+pfs': { transport: proxied('dd'), usePfs: true },
}

/** A client without a login whose only data centre, key and proxy are the sandbox's. */
async function clientFor(sandbox, framing) {
  const crypto = new NodeCryptoProvider()
  await crypto.initialize()
  for (const fingerprint of Object.keys(keys)) delete keys[fingerprint]
  addPublicKey(crypto, sandbox.key)
  // It stores fingerprints with 16 digits and looks them up without their leading zeros.
  for (const [fingerprint, key] of Object.entries(keys)) {
    keys[BigInt(`0x${fingerprint}`).toString(16)] = key
  }

  const { transport, usePfs = false } = framings[framing]
  const here = { id: sandbox.dc, ipAddress: sandbox.host, port: sandbox.port }
  const client = new TelegramClient({
    apiId: 1,
    apiHash: '0'.repeat(32),
    storage: new MemoryStorage(),
    transport: transport(sandbox),
    defaultDcs: { main: here, media: here },
    network: { usePfs },
    logLevel: 5,
  })
  // It tries again for ever, and tells of it only here.
  client.onError.add((error) => troubles.push(error))
  return client
}

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

const scenarios = { config, ...sessionScenarios(connect) }
await main({ client: 'mtcute', version, layer: tl.LAYER, framings, scenarios })
