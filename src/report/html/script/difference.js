// A record next to its snapshot.

/** Pairs removed lines with the lines that were added in their place. */
function pairs(lines) {
  const all = [];
  let [removed, added] = [[], []];
  const flush = () => {
    for (let at = 0; at < Math.max(removed.length, added.length); at += 1) all.push([removed[at], added[at]]);
    [removed, added] = [[], []];
  };
  for (const line of lines) {
    if (line.change === "removed") removed.push(line.text);
    else if (line.change === "added") added.push(line.text);
    else {
      flush();
      all.push(line.change === "gap" ? null : [line.text, line.text, true]);
    }
  }
  flush();
  return all;
}

function difference(snapshot) {
  const cell = (text, kind) => make("div", { class: text === undefined ? "empty" : kind }, text ?? "");
  const cells = pairs(snapshot.diff).map((pair) => {
    if (pair === null) return make("div", { class: "gap" }, "⋯");
    const [before, after, isBoth] = pair;
    return [cell(before, isBoth ? "both" : "removed"), cell(after, isBoth ? "both" : "added")];
  });
  const heading = (text) => make("div", { class: "heading" }, text);
  const more = snapshot.diff_left_out ? make("div", { class: "gap" }, `${count(snapshot.diff_left_out, "more line")}`) : undefined;
  return make("div", { class: "sides" }, heading("snapshot"), heading("this run"), cells, more);
}
