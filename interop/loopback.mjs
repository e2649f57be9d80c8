// What the clients on Node.js share; the twin of loopback.py, with the same arguments and row.
//
// A client script calls `main` with its framings and scenarios. A scenario is an async function
// that gets the sandbox and the name of a framing, resolves to one line of detail, and fails by
// throwing.

import dns from 'node:dns'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { parseArgs } from 'node:util'

const SECONDS_PER_ROW = 30

/** What went wrong in a library that goes on trying; the last of it stands in a row that fails. */
export const troubles = []

/** Runs one scenario over one framing, prints its row, and ends the process: 0 if all is well. */
export async function main({ client, version, layer, framings, scenarios }) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      address: { type: 'string' },
      key: { type: 'string' },
      'proxy-secret': { type: 'string' },
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
  const colon = values.address.lastIndexOf(':')
  const sandbox = {
    host: values.address.slice(0, colon),
    port: Number(values.address.slice(colon + 1)),
    dc: Number(values.dc),
    key: readFileSync(values.key, 'utf8'),
    secret: values['proxy-secret'],
  }
  const refused = stayOn(sandbox)
  const start = performance.now()

  const end = (well, detail, code) => {
    if (refused.size > 0) {
      well = false
      detail = `tried to reach ${[...refused].sort().join(', ')}; ${detail}`
    }
    if (!well && troubles.length > 0) detail = `${detail}; at last ${troubles.at(-1)}`
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    const result = well ? 'ok' : 'failed'
    const line = String(detail).split(/\s+/).join(' ')
    const columns = [client, version, layer, framing, scenario, result, seconds, line]
    process.stdout.write(`row\t${columns.join('\t')}\n`, () => process.exit(well ? 0 : code))
  }
  setTimeout(() => end(false, `not done after ${SECONDS_PER_ROW} s`, 2), SECONDS_PER_ROW * 1000)
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

/**
 * Lets this process reach the sandbox and nothing else, whatever a library's tables say. Returns
 * the set to which every other target is added when it is refused.
 */
function stayOn({ host, port }) {
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
    if (to.host !== host || Number(to.port) !== port) refuse(to.path ?? `${to.host}:${to.port}`)
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
