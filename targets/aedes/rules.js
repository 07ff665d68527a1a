// Access lists for aedes, which calls functions to authorize a client. The first rule that applies decides. Each line
// is a rule:
//
//   allow|deny publish|subscribe|all user|client|any NAME FILTER
//
// `%c` and `%u` in FILTER stand for the Client Identifier and the user name.

export function readRules (lines) {
  return lines.map(line => {
    const [verdict, action, whom, name, ...filter] = line.split(' ')
    return { allows: verdict === 'allow', action, whom, name, levels: filter.join(' ').split('/') }
  })
}

// Whether a filter covers another filter, or a topic, completely.
function covers (levels, other) {
  for (let i = 0; i < levels.length; i++) {
    if (levels[i] === '#') return true
    if (i >= other.length || other[i] === '#') return false
    if (levels[i] !== '+' && levels[i] !== other[i]) return false
  }
  return levels.length === other.length
}

// A value that replaces %c or %u stays within its level. If it contains a separator or a wildcard, a rule that allows
// does not apply to this client (`null`), and a rule that denies covers everything from that level on.
function filled ({ allows, levels }, client) {
  const words = { '%c': client.id, '%u': client.username }
  const out = []
  for (const level of levels) {
    const text = level.replace(/%[cu]/g, word => words[word] ?? '/')
    if (text !== level && /[/+#]/.test(text)) return allows ? null : [...out, '#']
    out.push(text)
  }
  return out
}

function isAllowed (rules, client, action, topic) {
  const other = topic.split('/')
  for (const rule of rules) {
    if (rule.action !== 'all' && rule.action !== action) continue
    if (rule.whom === 'user' && rule.name !== client.username) continue
    if (rule.whom === 'client' && rule.name !== client.id) continue
    const levels = filled(rule, client)
    if (levels && covers(levels, other)) return rule.allows
  }
  return false
}

// The functions that aedes calls.
export function rulesOf (rules) {
  return {
    authorizePublish (client, packet, callback) {
      const allowed = !packet.topic.startsWith('$SYS/') && isAllowed(rules, client, 'publish', packet.topic)
      callback(allowed ? null : new Error('not authorized'))
    },
    authorizeSubscribe (client, subscription, callback) {
      callback(null, isAllowed(rules, client, 'subscribe', subscription.topic) ? subscription : null)
    },
    authorizeForward (client, packet) {
      return isAllowed(rules, client, 'subscribe', packet.topic) ? packet : null
    }
  }
}
