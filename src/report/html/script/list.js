// The list of cases. It shows a hundred rows, and more when the reader reaches its end.

const ROWS_AT_ONCE = 100;
const list = { rows: [], shown: 0 };

function rowItem(row) {
  const record = row.record && make("span", { class: "record" }, `record ${row.record}`);
  const link = make("a", { href: hashOf(row.id) }, make("span", { class: "verdicts" }, verdictOf(row), row.flaky && flakyMark()), make("span", {}, row.title, record), make("span", { class: "id" }, row.id),
    row.came && make("span", { class: "came" }, row.came));
  return make("li", { class: row.unexpected ? "unexpected" : undefined }, link);
}

function showMore() {
  const more = list.rows.slice(list.shown, list.shown + ROWS_AT_ONCE);
  list.shown += more.length;
  document.getElementById("rows").append(...more.map(rowItem));
  document.getElementById("more").hidden = list.shown >= list.rows.length;
}

/** Shows the cases that match the filter. */
function showList() {
  list.rows = chosen();
  list.shown = 0;
  document.getElementById("rows").replaceChildren();
  const all = count(data.rows.length, "case");
  document.getElementById("found").textContent = list.rows.length === data.rows.length ? all : `${list.rows.length.toLocaleString("en")} of ${all}`;
  for (const chip of document.querySelectorAll(".chips button")) chip.setAttribute("aria-pressed", String(filter.verdict.has(chip.dataset.kind)));
  document.getElementById("search").value = filter.q;
  document.getElementById("area").value = filter.area;
  document.getElementById("version").value = filter.version;
  showMore();
}

/** The previous and the next case in the filtered list. */
function neighbours(number) {
  const at = list.rows.findIndex((row) => row.number === number);
  return at < 0 ? [undefined, undefined] : [list.rows[at - 1], list.rows[at + 1]];
}

/** Applies the filter, and updates the URL without a new entry in the history. */
function refilter() {
  history.replaceState(null, "", listHash());
  showList();
}

function chips() {
  return kinds.map(([name, word, is]) => {
    const number = data.rows.filter(is).length;
    const toggle = () => {
      if (!filter.verdict.delete(name)) filter.verdict.add(name);
      refilter();
    };
    return number > 0 && make("button", { type: "button", "data-kind": name, "aria-pressed": "false", on: { click: toggle } }, `${word} ${number.toLocaleString("en")}`);
  });
}

function choice(id, label, all, values) {
  const select = make("select", { id, "aria-label": label }, make("option", { value: "" }, all), values.map((value) => make("option", { value }, id === "version" ? `MQTT ${value}` : value)));
  select.addEventListener("change", () => { filter[id] = select.value; refilter(); });
  return select;
}

function startList() {
  const search = make("input", { id: "search", type: "search", placeholder: "Search id, title, clause …", "aria-label": "Search the cases", autocomplete: "off", spellcheck: "false" });
  search.addEventListener("input", () => { filter.q = search.value; refilter(); });
  const values = (of) => [...new Set(data.rows.map(of))].sort();
  const more = make("button", { type: "button", id: "more", on: { click: showMore } }, "More");
  document.getElementById("list").replaceChildren(
    make("div", { class: "filter" }, search, choice("area", "Area", "All areas", values((row) => row.area)), choice("version", "Version", "All versions", values((row) => row.version)),
      make("div", { class: "chips", role: "group", "aria-label": "Verdicts" }, chips())),
    make("p", { class: "found", id: "found", "aria-live": "polite" }), make("ul", { class: "rowlist", id: "rows" }), more);
  new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) showMore(); }, { rootMargin: "600px" }).observe(more);
}
