// Elements of the page. Any text from a broker or a scenario becomes a text node or the value of an attribute.

/** Makes an element with attributes and children. Strings become text. `on` has listeners, `vars` CSS properties. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (key === "vars") for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

/** A count with its noun: `1 case`, `2 cases`, `3,081 cases`. */
function count(number, one) {
  const many = one.endsWith("y") ? `${one.slice(0, -1)}ies` : `${one}s`;
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** Names and texts side by side. Rows without a text are left out. */
function compared(rows) {
  const shown = rows.filter(([, text]) => text !== undefined && text !== "");
  return make("dl", { class: "compared" }, shown.map(([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, text))));
}

/** The word for a verdict, in its colour. */
function verdictOf(row) {
  return make("span", { class: `verdict ${row.verdict}` }, row.accepted ? `${row.verdict}, accepted` : row.verdict);
}

/** Marks a case that was as expected only when it was played again. */
function flakyMark() {
  return make("span", { class: "verdict flaky" }, "flaky");
}

/** Joins alternatives: `a`, `a or b`, `a, b or c`. */
function alternatives(all) {
  return all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} or ${all.at(-1)}`;
}

/** Shows a short message for a moment. */
function say(text) {
  const toast = make("div", { class: "toast", role: "status" }, text);
  document.body.append(toast);
  setTimeout(() => toast.remove(), 1800);
}

/** Copies a text to the clipboard. If the browser does not allow that, shows the text for copying by hand. */
async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${what}`);
  } catch {
    const area = make("textarea", { rows: "14", cols: "60", readonly: true, "aria-label": what });
    area.value = text;
    const close = make("button", { type: "button", on: { click: () => dialog.close() } }, "Close");
    const dialog = make("dialog", { on: { close: () => dialog.remove() } }, make("p", {}, `Copy ${what}:`), area, make("p", {}, close));
    document.body.append(dialog);
    dialog.showModal();
    area.select();
  }
}

/** Turns every `code` element with the id of a clause into a link to the cases that cite it. */
function linkClauses(root) {
  for (const code of root.querySelectorAll("code[data-clause]:not([role])")) {
    const open = () => { location.hash = `cases?q=${encodeURIComponent(code.dataset.clause)}`; };
    code.setAttribute("role", "link");
    code.setAttribute("tabindex", "0");
    code.setAttribute("title", "Cases that cite it");
    code.addEventListener("click", open);
    code.addEventListener("keydown", (event) => { if (event.key === "Enter") open(); });
  }
}
