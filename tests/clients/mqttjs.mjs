// Tests a broker with MQTT.js: mqttjs.mjs URL CA_FILE. Stops with an error at the first wrong result.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import mqtt from 'mqtt';

const [url, caFile] = process.argv.slice(2);
const scheme = new URL(url).protocol.slice(0, -1);
const ca = readFileSync(caFile);
const LIMIT_MS = 10_000;

const limit = (promise, what) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing for ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

class Peer {
  constructor(version, name, { clean = true, will } = {}) {
    this.v5 = version === 5;
    this.messages = [];
    this.client = mqtt.connect(url, {
      protocolVersion: version,
      clientId: name,
      clean,
      will,
      ca,
      reconnectPeriod: 0,
      keepalive: 30,
      properties: this.v5 ? { sessionExpiryInterval: clean ? 0 : 300, topicAliasMaximum: 4 } : undefined,
    });
    this.client.on('message', (topic, payload, packet) => this.messages.push({ topic, payload, packet }));
  }

  static async connected(...options) {
    const peer = new Peer(...options);
    const failed = once(peer.client, 'error').then(([error]) => Promise.reject(error));
    const [connack] = await limit(Promise.race([once(peer.client, 'connect'), failed]), 'CONNACK');
    peer.sessionPresent = connack.sessionPresent;
    peer.client.on('error', (error) => { throw error; });
    return peer;
  }

  async subscribe(topic, qos, options = {}) {
    const granted = await limit(this.client.subscribeAsync(topic, { qos, ...options }), `SUBACK of ${topic}`);
    assert.deepEqual(granted.map((one) => one.qos), [qos]);
  }

  publish(topic, payload, options) {
    return limit(this.client.publishAsync(topic, payload, options), `the end of PUBLISH ${payload}`);
  }

  async take(payload, what) {
    if (this.messages.length === 0) {
      await limit(once(this.client, 'message'), what);
    }
    const { packet, ...message } = this.messages.shift();
    assert.equal(message.payload.toString(), payload, what);
    return packet;
  }

  async takeNothing(what) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(this.messages.map((message) => message.payload.toString()), [], what);
  }

  // Without a DISCONNECT.
  async drop() {
    const closed = once(this.client, 'close');
    this.client.stream.destroy();
    await limit(closed, 'the close');
  }

  leave() {
    return limit(this.client.endAsync(), 'the end');
  }
}

async function qos2(version, root) {
  const a = await Peer.connected(version, `${root}a`);
  const identified = a.v5 ? { properties: { subscriptionIdentifier: 7 } } : {};
  await a.subscribe(`${root}/data`, 2, identified);
  const properties = {
    userProperties: { first: '1', second: '2' },
    contentType: 'text/plain',
    responseTopic: `${root}/answer`,
    correlationData: Buffer.from([0, 1]),
    payloadFormatIndicator: true,
    messageExpiryInterval: 60,
  };
  await a.publish(`${root}/data`, 'exactly once', { qos: 2, properties: a.v5 ? properties : undefined });
  const packet = await a.take('exactly once', 'the QoS 2 message');
  assert.deepEqual([packet.qos, packet.retain, packet.dup], [2, false, false]);
  if (a.v5) {
    const { userProperties, contentType, responseTopic, correlationData, payloadFormatIndicator } = packet.properties;
    assert.deepEqual({ ...userProperties }, properties.userProperties);
    assert.deepEqual([contentType, responseTopic, payloadFormatIndicator], ['text/plain', `${root}/answer`, true]);
    assert.deepEqual(correlationData, properties.correlationData);
    assert.equal(packet.properties.subscriptionIdentifier, 7);
    const { messageExpiryInterval } = packet.properties;
    assert.ok(messageExpiryInterval > 0 && messageExpiryInterval <= 60, `${messageExpiryInterval} s`);
  }
  await a.takeNothing('twice');
  await a.leave();
}

async function retained(version, root) {
  const a = await Peer.connected(version, `${root}a`);
  await a.publish(`${root}/kept`, 'kept', { qos: 1, retain: true });
  const b = await Peer.connected(version, `${root}b`);
  await b.subscribe(`${root}/+`, 1);
  assert.equal((await b.take('kept', 'the retained message')).retain, true);
  await a.publish(`${root}/kept`, 'live', { qos: 1, retain: true });
  assert.equal((await b.take('live', 'the live message')).retain, false);
  await a.publish(`${root}/kept`, '', { qos: 1, retain: true });
  await b.take('', 'the clearing message');
  await b.subscribe(`${root}/kept`, 1);
  await b.takeNothing('a cleared topic');
  await a.leave();
  await b.leave();
}

async function will(version, root) {
  const watcher = await Peer.connected(version, `${root}w`);
  await watcher.subscribe(`${root}/will`, 1);
  const properties = version === 5 ? { contentType: 'text/plain' } : undefined;
  const testament = { topic: `${root}/will`, payload: Buffer.from('gone'), qos: 1, retain: false, properties };
  const a = await Peer.connected(version, `${root}a`, { will: testament });
  await a.drop();
  const packet = await watcher.take('gone', 'the Will');
  assert.equal(packet.properties?.contentType, properties?.contentType);
  const again = await Peer.connected(version, `${root}a`, { will: testament });
  await again.leave();
  await watcher.takeNothing('a Will after DISCONNECT');
  await watcher.leave();
}

async function session(version, root) {
  let a = await Peer.connected(version, `${root}a`, { clean: false });
  assert.equal(a.sessionPresent, false);
  await a.subscribe(`${root}/later`, 2);
  await a.drop();
  const b = await Peer.connected(version, `${root}b`);
  for (const number of ['0', '1', '2']) {
    await b.publish(`${root}/later`, number, { qos: 2 });
  }
  a = await Peer.connected(version, `${root}a`, { clean: false });
  assert.equal(a.sessionPresent, true);
  for (const number of ['0', '1', '2']) {
    assert.equal((await a.take(number, 'a message that waited')).qos, 2);
  }
  await a.leave();
  a = await Peer.connected(version, `${root}a`, { clean: true });
  assert.equal(a.sessionPresent, false);
  await b.publish(`${root}/later`, 'nobody hears it', { qos: 1 });
  await a.takeNothing('a clean start');
  await a.leave();
  await b.leave();
}

for (const version of [4, 5]) {
  for (const flow of [qos2, retained, will, session]) {
    await flow(version, `js${scheme}${version}${flow.name}`);
  }
}
console.log(`MQTT.js over ${scheme}: 3.1.1 and 5 are as they should be`);
