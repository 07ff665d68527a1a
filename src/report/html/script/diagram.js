// A play as a sequence diagram.

/** The positions of a diagram's lanes, and the clients that are connected at the row being drawn. */
class Lanes {
  constructor(play) {
    this.play = play;
    this.clients = play.clients.length;
    this.all = this.clients + 1 + (play.hooks.length > 0 ? 1 : 0);
    this.open = new Map();
  }

  /** The middle of a lane, as a percentage of the width. */
  middle(lane) { return ((lane + 0.5) / this.all) * 100; }

  follow(event) {
    const { client } = this.play.lanes[event.lane];
    if (event.kind === "opened") this.open.set(client, event.lane);
    if (event.kind === "closed" && this.open.get(client) === event.lane) this.open.delete(client);
  }

  /** The lifelines of a row, with the marks on them. */
  draw(...marks) {
    const line = (lane, kind) => make("span", { class: `life ${kind}`, vars: { left: `${this.middle(lane)}%` } });
    const lines = this.play.clients.map((_, client) => line(client, this.open.has(client) ? "open" : ""));
    lines.push(line(this.clients, "broker"));
    return make("span", { class: "lanes", "aria-hidden": "true" }, lines, marks);
  }

  arrow(from, to) {
    return make("span", { class: "arrow", vars: { left: `${this.middle(from)}%`, width: `${this.middle(to) - this.middle(from)}%` } });
  }

  mark(lane) { return make("span", { class: "mark", vars: { left: `${this.middle(lane)}%` } }); }
}

/** The names of the lanes, with whatever is unusual about a client. */
function laneNames(play, lanes) {
  const nodes = play.clients.map((client, number) => {
    const connections = play.lanes.filter((lane) => lane.client === number);
    return [...new Set(connections.map((lane) => lane.node ?? client.node))];
  });
  const hasSeveral = nodes.flat().some((node) => node !== 0);
  const clients = play.clients.map((client, number) => {
    const facts = [`MQTT ${client.version}`];
    if (client.transport === "websocket") facts.push("WebSocket");
    if (client.driver !== "wire") facts.push(client.driver);
    if (hasSeveral) facts.push(`node ${nodes[number].join(", ")}`);
    return make("div", {}, make("b", { title: client.name }, client.name), make("small", {}, facts.join(" · ")));
  });
  const hooks = lanes.all > lanes.clients + 1 && make("div", {}, make("b", {}, "hook events"), make("small", {}, "of the broker"));
  const names = make("div", { class: "names-of" }, clients, make("div", {}, make("b", {}, "broker"), make("small", {}, data.broker)), hooks);
  return make("div", { class: "lane-names", "aria-hidden": "true" }, make("span"), names);
}

/** The text above an arrow. It starts at the client if there is room up to the broker's lane, else ends there. */
function label(lanes, client, [who, strong, rest]) {
  const room = (lanes.clients - client) / lanes.all;
  const right = `${100 - lanes.middle(lanes.clients)}%`;
  const isWide = room > 0.4;
  const text = make("span", { class: "text" }, make("span", { class: "who" }, `${who} `), make("b", {}, strong), rest && " ", rest && make("i", {}, rest));
  const padding = isWide ? { "--left": `calc(${lanes.middle(client)}% + 0.4rem)`, "--right": right } : { "--right": `calc(${right} + 0.5rem)` };
  return make("span", { class: isWide ? "label" : "label to-the-right", vars: padding }, text);
}

/** Splits `first < PUBLISH qos=0 …` into the client with an arrow, `PUBLISH`, and the rest. */
function words(event, lane) {
  const sign = event.direction === "sent" ? ">" : "<";
  const start = `${lane.name} ${sign} `;
  const text = event.text.startsWith(start) ? event.text.slice(start.length) : event.text;
  const end = text.indexOf(" ");
  return [`${lane.name} ${event.direction === "sent" ? "→" : "←"}`, ...(end < 0 ? [text, ""] : [text.slice(0, end), text.slice(end + 1)])];
}

/** A row that expands to show its details. */
function opening(classes, children, inside) {
  const button = make("button", { type: "button", class: `row ${classes}`, "aria-expanded": "false" }, children);
  const item = make("li", { class: classes.includes("own") ? "own" : undefined }, button);
  button.addEventListener("click", () => {
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    if (isOpen) item.lastChild.remove();
    else item.append(inside());
  });
  return item;
}

function eventRow(event, lanes, time, marks) {
  const lane = lanes.play.lanes[event.lane];
  const { client } = lane;
  const classes = [event.direction, event.kind, event.own && "own", event.automatic && "automatic", marks.get(event.number)].filter(Boolean);
  const isArrow = event.kind !== "closed" && event.kind !== "condensed";
  const drawn = lanes.draw(isArrow ? lanes.arrow(client, lanes.clients) : lanes.mark(client));
  return opening(classes.join(" "), [time, drawn, label(lanes, client, words(event, lane))], () => decoded(event, lane));
}

function hookRow(hook, lanes, time) {
  const rest = hook.fields.map((field) => `${field.name}=${field.value}`).join(" ");
  const text = make("span", { class: "text" }, make("span", { class: "who" }, "hook "), make("b", {}, hook.name), " ", make("i", {}, rest));
  const drawn = lanes.draw(lanes.arrow(lanes.clients, lanes.clients + 1), lanes.mark(lanes.clients + 1));
  return opening("hook", [time, drawn, make("span", { class: "label to-the-right" }, text)], () => decodedHook(hook));
}

function stepRow({ step, played }, judged, lanes) {
  const level = judged.get(step.number);
  const classes = ["step", level && "judged", level].filter(Boolean).join(" ");
  const cites = step.clauses.length > 0 && make("span", { class: "cites" }, step.clauses.join(", "));
  return make("li", { class: classes }, make("span", { class: "number" }, `line ${step.line}`), lanes.draw(),
    make("span", { class: "reads" }, make("span", {}, step.label), cites, played.not_reached && make("span", {}, `not reached: ${played.not_reached}`)));
}

function findingRow(finding, lanes) {
  const clauses = finding.clauses.map((clause) => clause.id).join(", ");
  return make("li", { class: "judgement" }, lanes.draw(), make("div", { class: `verdict-box ${finding.level}` }, compared([
    ["expected", alternatives(finding.expected)], ["received", finding.actual], [finding.level.toUpperCase(), clauses]])));
}

function between(text, lanes) { return make("li", { class: "between" }, lanes.draw(), make("span", {}, text)); }

/** The most severe level of the violations for each number that `of` returns. */
function levels(findings, of) {
  const order = ["must", "should", "may", "disputed"];
  const found = new Map();
  for (const finding of findings.filter((finding) => finding.kind === "violation")) {
    for (const number of of(finding)) {
      const known = found.get(number);
      if (known === undefined || order.indexOf(finding.level) < order.indexOf(known)) found.set(number, finding.level);
    }
  }
  return found;
}

/** The whole diagram, with its checkboxes. */
function diagram(play, findings) {
  const lanes = new Lanes(play);
  const judged = levels(findings, (finding) => (finding.step === undefined ? [] : [finding.step]));
  const marks = levels(findings, (finding) => finding.events);
  for (const [number, level] of marks) marks.set(number, `marked ${level}`);
  let shown;
  const time = (us) => {
    const text = us === undefined ? "" : seconds(us);
    const isNew = text !== shown;
    shown = text;
    return make("time", {}, isNew ? text : "");
  };
  const rows = timeline(play, findings).map((row) => {
    switch (row.kind) {
      case "event":
        lanes.follow(row.event);
        return row.event.text === undefined ? undefined : eventRow(row.event, lanes, time(row.event.at_us), marks);
      case "hook": return hookRow(row.hook, lanes, time(row.hook.at_us));
      case "step": return row.step && stepRow(row, judged, lanes);
      case "finding": return findingRow(row.finding, lanes);
      case "wait": return between(`${span(row.us)} later`, lanes);
      default: return between(`${count(row.events, "event")} left out`, lanes);
    }
  });
  if (play.hooks_left_out) rows.push(between(`${count(play.hooks_left_out, "more hook event")} left out`, lanes));
  if (play.broken_off) rows.push(between(`Broken off: ${play.broken_off}`, lanes));
  const drawn = make("div", { class: "diagram without-own", vars: { "--lanes": lanes.all } }, laneNames(play, lanes), make("ol", {}, rows));
  return [switches(drawn, play), drawn];
}

/** The checkboxes that show or hide parts of the diagram. */
function switches(drawn, play) {
  const one = (text, hides, isOn) => {
    const box = make("input", { type: "checkbox", checked: isOn });
    box.addEventListener("change", () => drawn.classList.toggle(hides, !box.checked));
    return make("label", {}, box, text);
  };
  const own = play.events.filter((event) => event.own && event.text !== undefined).length;
  return make("div", { class: "toggles" }, one("Steps of the scenario", "without-steps", true),
    own > 0 && one(`${count(own, "packet")} of the harness itself`, "without-own", false));
}
