// This process's time, which can be driven forward as the sandbox's can: performance.now, Date.now
// and the timers. To be imported before anything that keeps time. It flows on between the leaps.

/** The same without leaps. */
export const system = {
  now: performance.now.bind(performance),
  date: Date.now,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
}

let ahead = 0
let held = false
const waiting = new Set()

class Timer {
  constructor(callback, delay, repeats) {
    this.callback = callback
    this.delay = Math.max(Number(delay) || 0, 1)
    this.repeats = repeats
    this.start()
  }

  start() {
    this.due = performance.now() + this.delay
    waiting.add(this)
    this.wait()
    return this
  }

  wait() {
    system.clearTimeout(this.handle)
    this.handle = system.setTimeout(() => this.fire(), this.due - performance.now())
  }

  fire() {
    if (held) return
    this.stop()
    if (this.repeats) this.start()
    this.callback()
  }

  stop() {
    waiting.delete(this)
    system.clearTimeout(this.handle)
  }

  refresh() {
    return this.start()
  }

  ref() {
    this.handle.ref()
    return this
  }

  unref() {
    this.handle.unref()
    return this
  }
}

/**
 * Moves all clocks on while `elsewhere` does the same to others. Timers that are due then run in
 * their order, but not before that is done.
 */
export async function advance(seconds, elsewhere) {
  held = true
  ahead += seconds * 1000
  try {
    await elsewhere()
  } finally {
    held = false
    const inOrder = [...waiting].sort((one, other) => one.due - other.due)
    for (const timer of inOrder) timer.wait()
  }
}

performance.now = () => system.now() + ahead
Date.now = () => system.date() + ahead
const stop = (timer) => (timer instanceof Timer ? timer.stop() : system.clearTimeout(timer))
globalThis.setTimeout = (callback, delay, ...args) => new Timer(() => callback(...args), delay, false)
globalThis.setInterval = (callback, delay, ...args) => new Timer(() => callback(...args), delay, true)
globalThis.clearTimeout = stop
globalThis.clearInterval = stop
