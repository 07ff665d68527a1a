// One case: what it is about, its findings, its packets, and text to copy.

function caseFacts(one, row) {
  const place = one.line === undefined ? one.file : `${one.file}:${one.line}`;
  return make("div", { class: "case-facts" }, verdictOf(row), row.flaky && flakyMark(), make("span", { class: "id" }, one.id), make("span", {}, `MQTT ${one.version}`),
    make("code", {}, place), one.plays > 1 && make("span", {}, `played ${one.plays} times`),
    one.threads.length > 0 && make("span", {}, `seen in ${one.threads.join(", ")}`));
}

function clauseList(clauses) {
  return clauses.length > 0 && make("ul", { class: "clauses" }, clauses.map((clause) => make("li", {},
    make("span", { class: "clause" }, clause.document && `MQTT ${clause.document} `, make("code", { "data-clause": clause.id }, clause.id)),
    ` ${clause.summary ?? ""}`, clause.section && clause.document && make("span", { class: "quiet" }, ` section ${clause.section}`))));
}

function findingBlock(finding) {
  if (finding.kind !== "violation") {
    const what = finding.kind === "not_reached" ? "Not reached" : "Could not be observed";
    return make("p", { class: "note" }, `${what}: ${finding.label}. ${finding.actual}`);
  }
  const place = finding.line === undefined ? finding.file : `${finding.file}:${finding.line}`;
  return make("div", { class: `finding ${finding.level}` }, clauseList(finding.clauses), compared([
    ["level", finding.level.toUpperCase()], ["expected", alternatives(finding.expected)], ["received", finding.actual],
    ["note", finding.note], ["step", make("span", {}, make("code", {}, finding.label), " ", make("span", { class: "quiet" }, place))]]));
}

function actions(one) {
  const button = (text, act) => make("button", { type: "button", on: { click: act } }, text);
  return make("div", { class: "actions" },
    one.issue && button("Copy for an issue tracker", () => copy(one.issue, "the text for an issue tracker")),
    button("Copy the command that plays it again", () => copy(one.again, "the command")),
    button("Copy link", () => copy(location.href, "the link")));
}

const records = { changed: "The record is not as reviewed", new: "The record was never reviewed", stale: "The accepted deviation is gone", same: "The record is as reviewed" };

function snapshotPart(one) {
  const { snapshot } = one;
  if (!snapshot || (snapshot.state === "same" && !snapshot.unexplained)) return [];
  return [make("h2", {}, "Snapshot"), make("p", { class: "quiet" }, `${records[snapshot.state]}: `, make("code", {}, snapshot.path)),
    snapshot.unexplained && make("p", {}, snapshot.unexplained), snapshot.diff.length > 0 && difference(snapshot)];
}

function playPart(one) {
  if (!one.play) {
    return [make("p", { class: "quiet" }, "The report has no packets of this case. With --transcripts all it also has those of cases that are as expected.")];
  }
  const control = one.control && make("details", {}, make("summary", {}, "The control: the same steps without the cause under test"));
  control?.addEventListener("toggle", () => {
    if (control.open && control.childElementCount === 1) control.append(...diagram(one.control, []));
  });
  return [make("h2", {}, "Packets"), ...diagram(one.play, one.findings), control,
    make("details", {}, make("summary", {}, "The record as in snapshots"), make("pre", { tabindex: "0" }, one.play.text))];
}

/** The plays of a flaky case that were not as expected. */
function attemptsPart(one) {
  const attempts = one.attempts ?? [];
  if (attempts.length === 0) return [];
  const block = (attempt, at) => make("div", { class: "attempt" }, make("h3", {}, `Play ${at + 1}: `, verdictOf(attempt)),
    attempt.reason && make("p", {}, attempt.reason), attempt.findings.map(findingBlock), attempt.play && packetsOf(attempt));
  return [make("h2", {}, "Earlier plays"),
    make("p", { class: "quiet" }, "In these plays the case was not as expected. The play below is as expected, and counts."), attempts.map(block)];
}

/** The packets of an earlier play, built when the reader opens them. */
function packetsOf(attempt) {
  const details = make("details", {}, make("summary", {}, "Its packets"));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(...diagram(attempt.play, attempt.findings));
  });
  return details;
}

function factsPart(one) {
  const rows = [
    ...one.choices.map((choice) => [choice.about ?? choice.name.replaceAll("_", " "), choice.answer]),
    ...one.measured.map((measured) => [measured.name.replaceAll("_", " "), String(measured.value)]),
  ];
  const notes = [...one.library_facts, ...one.left_behind.map((left) => `left on the broker: ${left}`)];
  if (rows.length + notes.length + one.clauses.length === 0) return [];
  const row = ([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, text));
  return [make("h2", {}, "Facts"), make("dl", { class: "rows" }, rows.map(row), notes.map((note) => row(["note", note])),
    one.clauses.length > 0 && make("div", {}, make("dt", {}, "clauses that its steps cite"),
      make("dd", {}, one.clauses.map((id) => [make("code", { "data-clause": id }, id), " "]))))];
}

/** Links back to the list, and to the previous and the next case in it. */
function path(row) {
  const [before, after] = neighbours(row.number);
  const step = (text, other, title) => other !== undefined && make("a", { href: hashOf(other.id), title }, text);
  return make("nav", { class: "path", "aria-label": "Way" }, make("a", { href: listHash(), class: "back" }, "← All cases"), make("span", {}, row.area),
    make("span", { class: "steps" }, step("previous", before, `${before?.id} (p)`), step("next", after, `${after?.id} (n)`)));
}

/** Shows a case instead of the overview. */
async function showCase(number) {
  const row = data.rows[number];
  const one = await readCase(number);
  const main = document.getElementById("case");
  const accepted = one.outcome.accepted_by.length > 0 && make("p", { class: "quiet" }, "Accepted by ", make("code", {}, one.outcome.accepted_by.join(", ")));
  const parts = [
    path(row), make("h1", { class: "case-title", tabindex: "-1" }, one.title), caseFacts(one, row),
    one.about && make("p", {}, one.about), one.reason && make("p", {}, one.reason), accepted, actions(one),
    one.findings.map(findingBlock), attemptsPart(one), snapshotPart(one), playPart(one),
    one.issue && make("details", {}, make("summary", {}, "Text for an issue tracker"), make("pre", { tabindex: "0" }, one.issue)),
    make("h2", {}, "Play it again"), make("pre", { class: "command", tabindex: "0" }, one.again), factsPart(one),
  ];
  main.replaceChildren(...parts.flat(2).filter(Boolean));
  linkClauses(main);
  document.title = `${one.id} · ${data.broker}`;
}
