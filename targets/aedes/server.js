// aedes is a library. This is a minimal server that uses it, with the options that `targets/aedes.yaml` sets.
//
//   node server.js --listen PORT [--websocket PORT] [--option NAME=NUMBER]... [--store FOLDER] [--users FILE] [--rules FILE]
//
// Writes each event that a client causes to stdout, as one line of JSON.
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { parseArgs } from 'node:util'
import { Aedes } from 'aedes'
import { createWebSocketStream, WebSocketServer } from 'ws'
import { readRules, rulesOf } from './rules.js'

const HOST = '127.0.0.1'
const NOT_AUTHORIZED = 5

const { values } = parseArgs({
  options: {
    listen: { type: 'string' },
    websocket: { type: 'string' },
    option: { type: 'string', multiple: true, default: [] },
    store: { type: 'string' },
    users: { type: 'string' },
    rules: { type: 'string' }
  }
})

function lines (path) {
  return readFileSync(path, 'utf8').split('\n').filter(line => line !== '')
}

function say (event, client, fields = {}) {
  process.stdout.write(JSON.stringify({ event, client: client.id, ...fields }) + '\n')
}

const options = {}
for (const option of values.option) {
  const [name, value] = option.split('=')
  options[name] = Number(value)
}
let store
if (values.store) {
  // Loaded only if needed, because it takes a third of the start time.
  const { ClassicLevel } = await import('classic-level')
  const { default: persistenceOnDisk } = await import('aedes-persistence-level')
  store = new ClassicLevel(values.store)
  options.persistence = persistenceOnDisk(store)
}

const users = values.users && new Map(lines(values.users).map(line => {
  const at = line.indexOf(':')
  return [line.slice(0, at), line.slice(at + 1)]
}))
options.authenticate = (client, username, password, callback) => {
  client.username = username
  if (!users || (username !== undefined && users.get(username) === password?.toString())) {
    callback(null, true)
  } else {
    callback(Object.assign(new Error('not authorized'), { returnCode: NOT_AUTHORIZED }), false)
  }
}

if (values.rules) Object.assign(options, rulesOf(readRules(lines(values.rules))))

const broker = await Aedes.createBroker(options)
broker.on('connackSent', ({ returnCode, sessionPresent }, client) => {
  if (returnCode === 0) say('connackSent', client, { returnCode, sessionPresent, username: client.username })
})
broker.on('keepaliveTimeout', client => { client.endedBy = 'keepaliveTimeout' })
broker.on('clientDisconnect', client => say('clientDisconnect', client, { by: client.endedBy }))
broker.on('subscribe', (subscriptions, client) => {
  for (const { topic, qos } of subscriptions) say('subscribe', client, { topic, qos })
})
broker.on('unsubscribe', (topics, client) => {
  for (const topic of topics) say('unsubscribe', client, { topic })
})
broker.on('publish', ({ topic, qos, retain }, client) => {
  if (client) say('publish', client, { topic, qos, retain })
})
broker.on('ack', (packet, client) => {
  if (packet) say('ack', client, { topic: packet.topic })
})
broker.on('clientError', (client, error) => process.stderr.write(`client ${client.id}: ${error.message}\n`))
broker.on('connectionError', (_, error) => process.stderr.write(`connection: ${error.message}\n`))

createServer(broker.handle).listen(Number(values.listen), HOST)
if (values.websocket) {
  const http = createHttpServer().listen(Number(values.websocket), HOST)
  new WebSocketServer({ server: http, handleProtocols: offered => offered.has('mqtt') && 'mqtt' })
    .on('connection', (socket, request) => broker.handle(createWebSocketStream(socket), request))
}

process.on('SIGTERM', () => {
  broker.close(async () => {
    await store?.close()
    process.exit(0)
  })
})
