// Light, dark, or as the system has it. The choice is kept where the browser keeps such things for files.

const themes = ["auto", "light", "dark"];

function keptTheme() {
  try { return localStorage.getItem("mqtt-check-theme") ?? "auto"; } catch { return "auto"; }
}

function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.getElementById("theme").textContent = theme[0].toUpperCase() + theme.slice(1);
  try { localStorage.setItem("mqtt-check-theme", theme); } catch { /* it holds for this page then */ }
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
