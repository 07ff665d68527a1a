// Starts the page, and shows what its URL fragment names: a case, a filtered list, or a part of the overview.

let overviewAt = 0;

/** The id of a case that a fragment names. */
function caseOf(hash) {
  try { return decodeURIComponent(hash.slice(1)); } catch { return ""; }
}

async function showAddress() {
  const [overview, one] = [document.getElementById("overview"), document.getElementById("case")];
  const number = data.numbers.get(caseOf(location.hash));
  if (number !== undefined) {
    if (!overview.hidden) overviewAt = scrollY;
    await showCase(number);
    overview.hidden = true;
    one.hidden = false;
    scrollTo({ top: 0, behavior: "instant" });
    one.querySelector("h1").focus({ preventScroll: true });
    return;
  }
  const wasOpen = !one.hidden;
  overview.hidden = false;
  one.hidden = true;
  document.title = `${data.broker} · mqtt-check`;
  const [part, query] = location.hash.slice(1).split("?");
  if (part === "cases" && (query ?? "") !== listHash().slice("#cases?".length)) {
    readFilter(query ?? "");
    showList();
  } else if (part === "cases" && wasOpen) {
    scrollTo({ top: overviewAt, behavior: "instant" });
    return;
  }
  document.getElementById(part)?.scrollIntoView({ behavior: "instant" });
}

async function start() {
  document.documentElement.classList.add("scripts");
  startTheme();
  startKeys();
  linkClauses(document);
  await readRun();
  startList();
  const [part, query] = location.hash.slice(1).split("?");
  if (part === "cases") readFilter(query ?? "");
  showList();
  addEventListener("hashchange", showAddress);
  await showAddress();
}

start().catch((error) => {
  document.documentElement.classList.remove("scripts");
  console.error(error);
});
