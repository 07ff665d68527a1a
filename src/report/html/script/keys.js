// The keyboard shortcuts, one per row: key, where it works, description, action.

const keys = [
  ["?", "anywhere", "Show these keys", () => showKeys()],
  ["/", "anywhere", "Search the cases", () => openSearch()],
  ["t", "anywhere", "Change the theme", () => nextTheme()],
  ["j", "anywhere", "Next case or packet", () => step(1)],
  ["k", "anywhere", "Previous case or packet", () => step(-1)],
  ["Enter", "anywhere", "Open the case or the packet", undefined],
  ["n", "case", "Next case", () => follow(1)],
  ["p", "case", "Previous case", () => follow(0)],
  ["c", "case", "Copy the text for an issue tracker", () => document.querySelector("#case .actions button")?.click()],
  ["Escape", "case", "Back to the list", () => { location.hash = listHash().slice(1); }],
];

function isCaseOpen() { return !document.getElementById("case").hidden; }

function openSearch() {
  if (isCaseOpen()) location.hash = listHash().slice(1);
  setTimeout(() => {
    const search = document.getElementById("search");
    search.scrollIntoView({ block: "center" });
    search.focus({ preventScroll: true });
    search.select();
  });
}

/** Focuses the next or previous item of the list or the diagram. */
function step(by) {
  const selector = isCaseOpen() ? "#case .diagram button.row" : "#rows a";
  const all = [...document.querySelectorAll(selector)].filter((element) => element.offsetParent !== null);
  const at = all.indexOf(document.activeElement);
  const next = all[at < 0 ? 0 : at + by];
  if (at + by >= all.length && !isCaseOpen()) showMore();
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
  if (next) scrollFree(next);
}

/** Scrolls so that the bars at the top do not cover the element. */
function scrollFree(element) {
  const covered = 120 - element.getBoundingClientRect().top;
  if (covered > 0) scrollBy(0, -covered);
}

/** Opens the previous (0) or the next (1) case. */
function follow(which) {
  const row = data.rows[data.numbers.get(caseOf(location.hash))];
  const other = row && neighbours(row.number)[which];
  if (other) location.hash = hashOf(other.id).slice(1);
}

function showKeys() {
  if (document.querySelector("dialog[open]")) return;
  const close = make("button", { type: "button", on: { click: () => dialog.close() } }, "Close");
  const rows = keys.map(([key, , text]) => [make("span", {}, make("kbd", {}, key)), make("span", {}, text)]);
  const dialog = make("dialog", { on: { close: () => dialog.remove() } }, make("h2", {}, "Keys"), make("div", { class: "keys" }, rows), make("p", {}, close));
  document.body.append(dialog);
  dialog.showModal();
}

function startKeys() {
  document.getElementById("help").addEventListener("click", showKeys);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const row = keys.find(([key, where]) => key === event.key && (where === "anywhere" || isCaseOpen()));
    if (!row?.[3]) return;
    event.preventDefault();
    row[3]();
  });
}
