// mtcute, pointed at the sandbox.

import { troubles } from './loopback.mjs'

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
export const { version } = JSON.parse(readFileSync(inside('@mtcute/node', 'package.json')))

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

export const framings = {
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
export async function clientFor(sandbox, framing) {
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

export const layer = tl.LAYER
