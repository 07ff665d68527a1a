// The theme: light, dark, or that of the system. `localStorage` keeps the choice, if the browser allows it for files.

const themes = ["auto", "light", "dark"];

function keptTheme() {
  try { return localStorage.getItem("mqtt-check-theme") ?? "auto"; } catch { return "auto"; }
}

function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.getElementById("theme").textContent = theme[0].toUpperCase() + theme.slice(1);
  try { localStorage.setItem("mqtt-check-theme", theme); } catch { /* the choice lasts only for this visit */ }
}

function nextTheme() {
  const now = themes.indexOf(document.documentElement.dataset.theme);
  showTheme(themes[(now + 1) % themes.length]);
}

function startTheme() {
  const kept = keptTheme();
  showTheme(themes.includes(kept) ? kept : "auto");
  document.getElementById("theme").addEventListener("click", nextTheme);
}
