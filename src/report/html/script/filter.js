// The filter of the list of cases. The fragment of the page's URL holds it: `#cases?verdict=failed&q=retain`.

const filter = { q: "", verdict: new Set(), area: "", version: "" };

const kinds = [
  ["unexpected", "not as expected", (row) => row.unexpected],
  ["failed", "failed", (row) => row.verdict === "failed" && !row.accepted],
  ["accepted", "failed, accepted", (row) => row.verdict === "failed" && row.accepted],
  ["warned", "warned", (row) => row.verdict === "warned"],
  ["inconclusive", "inconclusive", (row) => row.verdict === "inconclusive"],
  ["flaky", "flaky", (row) => row.flaky],
  ["skipped", "skipped", (row) => row.verdict === "skipped"],
  ["passed", "passed", (row) => row.verdict === "passed"],
];

function readFilter(query) {
  const asked = new URLSearchParams(query);
  const known = new Set(kinds.map(([name]) => name));
  filter.q = asked.get("q") ?? "";
  filter.verdict = new Set((asked.get("verdict") ?? "").split(",").filter((name) => known.has(name)));
  filter.area = asked.get("area") ?? "";
  filter.version = asked.get("version") ?? "";
}

/** The URL fragment of the list with the current filter. */
function listHash() {
  const asked = new URLSearchParams();
  if (filter.q) asked.set("q", filter.q);
  if (filter.verdict.size > 0) asked.set("verdict", [...filter.verdict].join(","));
  if (filter.area) asked.set("area", filter.area);
  if (filter.version) asked.set("version", filter.version);
  const text = asked.toString();
  return text === "" ? "#cases" : `#cases?${text}`;
}

/** The URL fragment of a case. */
function hashOf(id) {
  return `#${encodeURIComponent(id).replaceAll("%2F", "/").replaceAll("%40", "@").replaceAll("%2C", ",")}`;
}

/** The text of a row that a search looks at. */
function searched(row) {
  row.text ??= [row.id, row.title, row.came ?? "", ...(row.clauses ?? []), ...(row.threads ?? [])].join("\n").toLowerCase();
  return row.text;
}

/** The sort key of a case. The list begins with the lowest, the cases that most need attention. */
function weight(row) {
  if (row.unexpected) return 0;
  if (row.verdict === "failed") return row.accepted ? 3 : 1;
  if (row.flaky) return 4;
  return { inconclusive: 2, warned: 5, skipped: 6, passed: 7 }[row.verdict];
}

/** The rows that match the filter, the worst first. */
function chosen() {
  const words = filter.q.toLowerCase().split(/\s+/).filter(Boolean);
  const of = kinds.filter(([name]) => filter.verdict.has(name)).map(([, , is]) => is);
  const rows = data.rows.filter((row) =>
    (of.length === 0 || of.some((is) => is(row))) && (filter.area === "" || row.area === filter.area)
    && (filter.version === "" || row.version === filter.version) && words.every((word) => searched(row).includes(word)));
  return rows.sort((one, other) => weight(one) - weight(other) || one.number - other.number);
}
