// What the clients on Node.js share; the twin of loopback.py, with the same arguments and row.
//
// A client script calls `main` with its framings and scenarios. A scenario is an async function
// that gets the sandbox and the name of a framing, resolves to one line of detail, and fails by
// throwing.

import * as clock from './clock.mjs' // before whatever keeps time

import dns from 'node:dns'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

const SECONDS_PER_ROW = 60

/** What went wrong in a library that goes on trying; the last of it stands in a row that fails. */
export const troubles = []

/** The sandbox's second port, at which it is driven. */
class Control {
  #socket
  #answers

  constructor({ host, port }) {
    this.#socket = net.connect(port, host)
    this.#socket.setNoDelay(true)
    this.#answers = createInterface({ input: this.#socket })[Symbol.asyncIterator]()
  }

  /** Has the sandbox carry out a command, and resolves to what it tells. */
  async command(line) {
    this.#socket.write(`${line}\n`)
    const { value = 'nothing' } = await this.#answers.next()
    if (!/^ok\b/.test(value)) throw new Error(`the sandbox answered ${line}: ${value}`)
    return value.slice(3)
  }

  /** Moves the sandbox's clocks and this process's on, by as much. */
  advance(seconds) {
    return clock.advance(seconds, () => this.command(`advance ${seconds}`))
  }

  /** What the sandbox has counted, by name; 0 for what it has not. */
  async stats() {
    const pairs = (await this.command('stats')).split(' ').map((pair) => pair.split('='))
    const counts = Object.fromEntries(pairs.map(([name, value]) => [name, Number(value)]))
    return new Proxy(counts, { get: (all, name) => all[name] ?? 0 })
  }
}

/** Runs one scenario over one framing, prints its row, and ends the process: 0 if all is well. */
export async function main({ client, version, layer, framings, scenarios }) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      address: { type: 'string' },
      key: { type: 'string' },
      'proxy-secret': { type: 'string' },
      control: { type: 'string' },
      dc: { type: 'string', default: '2' },
    },
  })
  const [scenario, framing] = positionals
  const given = values.address && values.key && values['proxy-secret']
  if (!given || !(scenario in scenarios) || !(framing in framings)) {
    console.error('arguments: SCENARIO FRAMING --address HOST:PORT --key FILE --proxy-secret HEX')
    console.error('scenarios:', ...Object.keys(scenarios))
    console.error('framings:', ...Object.keys(framings))
    process.exit(64)
  }
  const sandbox = {
    ...address(values.address),
    dc: Number(values.dc),
    key: readFileSync(values.key, 'utf8'),
    secret: values['proxy-secret'],
  }
  const control = values.control && address(values.control)
  const refused = stayOn(sandbox.host, [sandbox.port, control?.port])
  if (control) sandbox.control = new Control(control)
  const start = clock.system.now()

  const end = (well, detail, code) => {
    if (refused.size > 0) {
      well = false
      detail = `tried to reach ${[...refused].sort().join(', ')}; ${detail}`
    }
    if (!well && troubles.length > 0) detail = `${detail}; at last ${troubles.at(-1)}`
    const seconds = ((clock.system.now() - start) / 1000).toFixed(1)
    const result = well ? 'ok' : 'failed'
    const line = String(detail).split(/\s+/).join(' ')
    const columns = [client, version, layer, framing, scenario, result, seconds, line]
    process.stdout.write(`row\t${columns.join('\t')}\n`, () => process.exit(well ? 0 : code))
  }
  clock.system.setTimeout(() => end(false, `not done after ${SECONDS_PER_ROW} s`, 2), SECONDS_PER_ROW * 1000)
  try {
    end(true, await scenarios[scenario](sandbox, framing), 1)
  } catch (error) {
    console.error(error)
    end(false, error, 1)
  }
}

/**
 * Refuses a Config that would lead its reader anywhere but to the sandbox; returns the line of
 * detail.
 */
export function checkConfig(sandbox, thisDc, options) {
  const { dc, host, port } = sandbox
  if (thisDc !== dc) throw new Error(`this_dc is ${thisDc}, dialled was ${dc}`)
  for (const { ipAddress } of options) {
    if (!/^127\.|^::1$/.test(ipAddress)) throw new Error(`dc_options lead to ${ipAddress}`)
  }
  if (!options.some((to) => to.id === dc && to.ipAddress === host && to.port === port)) {
    throw new Error(`dc_options lack ${dc} at ${host}:${port}: ${JSON.stringify(options)}`)
  }
  return `this_dc ${thisDc}, dc options ${options.length}`
}

function address(text) {
  const colon = text.lastIndexOf(':')
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) }
}

/**
 * Lets this process reach these ports of the sandbox's host and nothing else, whatever a library's
 * tables say. Returns the set to which every other target is added when it is refused.
 */
function stayOn(host, ports) {
  const refused = new Set()
  const refuse = (target) => {
    refused.add(target)
    throw new Error(`${target} is not the sandbox`)
  }
  const { connect } = net.Socket.prototype
  net.Socket.prototype.connect = function (...args) {
    // As documented, (options) or (port, host), or as net.connect passes it on, ([options, done]).
    const first = Array.isArray(args[0]) ? args[0][0] : args[0]
    const to = typeof first === 'object' ? first : { port: first, host: args[1] }
    const allowed = to.host === host && ports.includes(Number(to.port))
    if (!allowed) refuse(to.path ?? `${to.host}:${to.port}`)
    return connect.apply(this, args)
  }
  const { lookup } = dns
  dns.lookup = (name, ...args) => (name === host ? lookup(name, ...args) : refuse(name))

  try {
    net.connect(1, host)
  } catch {
    if (refused.delete(`${host}:1`)) return refused
  }
  throw new Error('the guard let a connection through')
}
