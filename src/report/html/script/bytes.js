// Packets as bytes, and their fields.

/** A hex dump with sixteen or eight bytes per line: offset, hex and ASCII. */
function hexDump(hex, perLine) {
  const bytes = hex.match(/../g) ?? [];
  const lines = [];
  for (let at = 0; at < bytes.length; at += perLine) {
    const line = bytes.slice(at, at + perLine);
    const groups = [line.slice(0, 8).join(" "), line.slice(8).join(" ")].filter((group) => group !== "").join("  ");
    const width = perLine * 3 - 1 + (perLine > 8 ? 1 : 0);
    const text = line.map((byte) => {
      const code = parseInt(byte, 16);
      return code > 31 && code < 127 ? String.fromCharCode(code) : "·";
    });
    lines.push(`${at.toString(16).padStart(4, "0")}  ${groups.padEnd(width)}  ${text.join("")}`);
  }
  return lines.join("\n");
}

/** The fields of the fixed header, as text. */
function fixedHeader(hex) {
  const bytes = (hex.match(/../g) ?? []).map((byte) => parseInt(byte, 16));
  if (bytes.length < 2) return undefined;
  let [length, factor, at] = [0, 1, 1];
  for (;;) {
    const byte = bytes[at];
    if (byte === undefined || at > 4) return undefined;
    length += (byte & 127) * factor;
    factor *= 128;
    at += 1;
    if (byte < 128) break;
  }
  const flags = (bytes[0] & 15).toString(2).padStart(4, "0");
  return `type ${bytes[0] >> 4}, flags ${flags}, remaining length ${length}`;
}

/** The value of a field as text. */
function fieldText(value) {
  if (typeof value !== "object" || value === null) return typeof value === "string" ? `"${value}"` : String(value);
  if ("code" in value) {
    const code = `0x${value.code.toString(16).padStart(2, "0").toUpperCase()}`;
    return value.name === undefined ? code : `${code} ${value.name}`;
  }
  if ("hex" in value) return `0x${value.hex}${value.left_out ? ` and ${count(value.left_out, "more byte")}` : ""}`;
  return `"${value.key}" = "${value.value}"`;
}

function fieldTable(fields) {
  return make("table", {}, make("tbody", {}, fields.map((field) => make("tr", {},
    make("th", { scope: "row" }, field.name.replaceAll("_", " ")), make("td", {}, fieldText(field.value))))));
}

/** Details of an event on a connection: its fields and its bytes. */
function decoded(event, lane) {
  const facts = [
    ["connection", lane.connection > 1 ? `${lane.name}, connection ${lane.connection}` : undefined],
    ["sent by", event.own ? "the harness itself" : event.automatic ? "the client automatically" : undefined],
  ];
  const perLine = matchMedia("(min-width: 60rem)").matches ? 16 : 8;
  const header = event.kind === "packet" && event.bytes ? fixedHeader(event.bytes) : undefined;
  const more = event.bytes_left_out ? make("p", {}, `and ${count(event.bytes_left_out, "more byte")}`) : undefined;
  const button = make("button", { type: "button", on: { click: () => copy(event.bytes, "the bytes") } }, "Copy hex");
  const wire = event.bytes && make("div", { class: "wire" },
    make("p", {}, make("span", {}, [count(event.bytes.length / 2 + (event.bytes_left_out ?? 0), "byte"), header].filter(Boolean).join(": ")), button),
    make("pre", { tabindex: "0" }, hexDump(event.bytes, perLine)), more);
  const fields = event.fields?.length ? fieldTable(event.fields) : make("p", { class: "note" }, event.text ?? "");
  return make("div", { class: "decoded" }, make("div", {}, fields, compared(facts)), wire);
}

/** Details of a hook event of the broker. */
function decodedHook(hook) {
  return make("div", { class: "decoded" }, fieldTable(hook.fields));
}
