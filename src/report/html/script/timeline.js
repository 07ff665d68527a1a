// The rows of a diagram in order of time: steps, events, hook events, findings and long waits.

/** The shortest wait that has a row of its own, in microseconds. */
const LONG_US = 1_000_000;

/** Events and hook events in one order: by time, and at equal times by the step that was being played. */
function merged(play) {
  const hooks = [...play.hooks];
  const isBefore = (hook, event) => {
    if (hook.at_us === undefined) return hook.during < event.during;
    return hook.at_us < event.at_us || (hook.at_us === event.at_us && hook.during < event.during);
  };
  const all = [];
  for (const event of play.events) {
    while (hooks.length > 0 && isBefore(hooks[0], event)) all.push({ kind: "hook", hook: hooks.shift() });
    all.push({ kind: "event", event });
  }
  return [...all, ...hooks.map((hook) => ({ kind: "hook", hook }))];
}

/** Findings by the place where they are shown: after their last event, at the end of their step, or at the very end. */
function placed(findings, play) {
  const known = new Set(play.events.map((event) => event.number));
  const places = { behind: new Map(), step: new Map(), rest: [] };
  const add = (map, key, finding) => map.set(key, [...(map.get(key) ?? []), finding]);
  for (const finding of findings.filter((finding) => finding.kind === "violation")) {
    const last = Math.max(...finding.events.filter((number) => known.has(number)));
    if (Number.isFinite(last)) add(places.behind, last, finding);
    else if (finding.step !== undefined && play.played.some((played) => played.step === finding.step)) add(places.step, finding.step, finding);
    else places.rest.push(finding);
  }
  return places;
}

/** All rows. */
function timeline(play, findings) {
  const rows = [];
  const places = placed(findings, play);
  const steps = new Map(play.steps.map((step) => [step.number, step]));
  const lastRound = new Map(play.played.map((played, at) => [played.step, at]));
  let next = 0;
  let leaving;
  const verdicts = (found) => rows.push(...(found ?? []).map((finding) => ({ kind: "finding", finding })));
  const leave = () => {
    if (leaving && lastRound.get(leaving.step) === leaving.at) verdicts(places.step.get(leaving.step));
  };
  const goTo = (end) => {
    for (; next < end; next += 1) {
      leave();
      const played = play.played[next];
      leaving = { step: played.step, at: next };
      rows.push({ kind: "step", played, step: steps.get(played.step) });
    }
  };
  let before;
  for (const item of merged(play)) {
    const { during, at_us } = item.event ?? item.hook;
    const at = play.played.findIndex((played, number) => number >= next && played.step === during);
    if (at >= next) goTo(at + 1);
    if (before !== undefined && at_us - before >= LONG_US) rows.push({ kind: "wait", us: at_us - before });
    before = at_us ?? before;
    rows.push(item);
    if (item.event && play.left_out?.after === item.event.number) rows.push({ kind: "left out", events: play.left_out.events });
    if (item.event) verdicts(places.behind.get(item.event.number));
  }
  goTo(play.played.length);
  leave();
  verdicts(places.rest);
  return rows;
}

/** Formats microseconds as `0.003 s`. */
function seconds(us) {
  return `${(us / 1_000_000).toFixed(3)} s`;
}

/** Formats microseconds as `2 s`, `5 min`, `3 h 20 min` or `2 d`. */
function span(us) {
  const all = Math.round(us / 1_000_000);
  const pair = (large, unit, small, smallUnit) => (small ? `${large} ${unit} ${small} ${smallUnit}` : `${large} ${unit}`);
  if (all < 60) return `${Number((us / 1_000_000).toFixed(1))} s`;
  if (all < 3600) return pair(Math.floor(all / 60), "min", all % 60, "s");
  if (all < 86_400) return pair(Math.floor(all / 3600), "h", Math.floor((all % 3600) / 60), "min");
  return pair(Math.floor(all / 86_400), "d", Math.floor((all % 86_400) / 3600), "h");
}
