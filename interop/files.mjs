// `files`: photos, an album and a large document, up and down, byte for byte.

import { InputMedia } from '@mtcute/node'

import { createHash, randomBytes } from 'node:crypto'

import { ensure, same } from './people.mjs'

const BENS = '+10000000002'
/** Five megabytes, and a part that is not full. */
const LARGE = 5 * 1024 * 1024 + 12_345

export async function files(people) {
  const anna = await people.user('Anna', '+10000000001')
  const ben = await people.user('Ben', BENS)
  const two = { anna, ben, toBen: await anna.knows(BENS) }
  await photo(two)
  await album(two)
  const hash = await document(two)
  const what = `photo, album of 2, document of ${LARGE} bytes`
  return `${what}, SHA-256 ${hash.slice(0, 16)}...`
}

/** Random bytes that begin as a JPEG does. */
function jpeg(length) {
  const bytes = randomBytes(length)
  Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex').copy(bytes)
  return bytes
}

async function photo({ anna, ben, toBen }) {
  const bytes = jpeg(40_000)
  await anna.client.sendMedia(toBen, InputMedia.photo(bytes, { caption: 'a photo' }))
  const heard = await ben.hearsText('a photo')
  same('the media', heard.media?.type, 'photo')
  const { width, height, thumbnails } = heard.media
  ensure(width > 0 && height > 0 && thumbnails.length > 1, 'a photo without sizes')
  await sameFile('the photo', ben, heard.media, bytes)
}

async function album({ anna, ben, toBen }) {
  const captions = ['first', 'second']
  const all = captions.map((caption, at) => ({ caption, bytes: jpeg(30_000 + at * 20_000) }))
  const medias = all.map(({ bytes, caption }) => InputMedia.photo(bytes, { caption }))
  const sent = await anna.client.sendMediaGroup(toBen, medias)
  same('what is sent', sent.map(({ text }) => text), captions)
  const groups = []
  for (const { caption, bytes } of all) {
    const heard = await ben.hearsText(caption)
    same('the media', heard.media?.type, 'photo')
    groups.push(String(heard.groupedId))
    await sameFile(caption, ben, heard.media, bytes)
  }
  ensure(groups[0] !== 'null', 'not an album')
  same('the album', groups[0], groups[1])
}

async function document({ anna, ben, toBen }) {
  const bytes = randomBytes(LARGE)
  const given = { caption: 'a document', fileName: 'noise.bin', fileMime: 'a/noise' }
  const up = new Grows('up')
  await anna.client.sendMedia(toBen, InputMedia.document(bytes, given), {
    progressCallback: (done) => up.tell(done),
  })
  up.ended()
  const heard = await ben.hearsText('a document')
  const { type, fileName, mimeType, fileSize } = heard.media ?? {}
  const ought = ['document', 'noise.bin', 'a/noise', LARGE]
  same('what it is said to be', [type, fileName, mimeType, fileSize], ought)
  const down = new Grows('down')
  await sameFile('the document', ben, heard.media, bytes, (done) => down.tell(done))
  down.ended()
  return hashOf(bytes)
}

/** How far a transfer has told to be. */
class Grows {
  #way
  #told = []

  constructor(way) {
    this.#way = way
  }

  tell(done) {
    this.#told.push(done)
  }

  /** It has grown all the while, and ended with the whole size. */
  ended() {
    const grew = this.#told.every((done, at) => at === 0 || done >= this.#told[at - 1])
    ensure(grew && this.#told.length > 2, `progress ${this.#way}: ${this.#told}`)
    same(`the end of the progress ${this.#way}`, this.#told.at(-1), LARGE)
  }
}

/** What is downloaded has the same SHA-256. */
async function sameFile(what, person, location, bytes, progressCallback) {
  const came = await person.client.downloadAsBuffer(location, { progressCallback })
  same(`the length of ${what}`, came.length, bytes.length)
  same(`the SHA-256 of ${what}`, hashOf(came), hashOf(bytes))
}

const hashOf = (bytes) => createHash('sha256').update(bytes).digest('hex')
