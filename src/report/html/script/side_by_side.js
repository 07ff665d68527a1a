// The filter of the cases of several brokers. Without scripts, all cases stay visible.

const areas = [...document.querySelectorAll("details.area")].map((area) => ({
  area,
  found: area.querySelector(".found"),
  rows: [...area.querySelectorAll("tr[data-verdicts]")].map((row) => ({
    row,
    text: row.querySelector("th").textContent.toLowerCase(),
    verdicts: row.dataset.verdicts.split(" "),
  })),
}));

/** Shows the cases that contain all words and have this verdict on this broker. Opens their areas if there is a filter. */
function showCases(words, broker, verdict) {
  const isFiltered = words.length > 0 || verdict !== "";
  const has = (verdicts) => verdict === "" || (broker === "" ? verdicts.includes(verdict) : verdicts[Number(broker)] === verdict);
  for (const { area, found, rows } of areas) {
    let shown = 0;
    for (const { row, text, verdicts } of rows) {
      row.hidden = !(words.every((word) => text.includes(word)) && has(verdicts));
      if (!row.hidden) shown += 1;
    }
    area.hidden = shown === 0;
    area.open = isFiltered && shown > 0;
    found.textContent = shown === rows.length ? count(rows.length, "case") : `${shown.toLocaleString("en")} of ${count(rows.length, "case")}`;
  }
}

function startFilter() {
  const option = ([value, text]) => make("option", { value }, text);
  const brokers = [...document.querySelectorAll(".results th.broker")].map((cell) => cell.textContent);
  const search = make("input", { type: "search", placeholder: "Search cases", "aria-label": "Search cases" });
  const verdict = make("select", { "aria-label": "Result" }, [
    ["", "any result"], ["failed", "failed"], ["accepted", "failed, accepted"], ["warned", "warned"],
    ["inconclusive", "inconclusive"], ["skipped", "skipped"], ["passed", "passed"],
  ].map(option));
  const broker = make("select", { "aria-label": "Broker" }, [["", "on any broker"], ...brokers.map((name, n) => [String(n), `on ${name}`])].map(option));
  const show = () => showCases(search.value.toLowerCase().split(/\s+/).filter(Boolean), broker.value, verdict.value);
  for (const control of [search, verdict, broker]) control.addEventListener("input", show);
  document.getElementById("filter").append(search, verdict, broker);
}

document.documentElement.classList.add("scripts");
startTheme();
startFilter();
