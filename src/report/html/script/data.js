// The data of the run. The rows of the list are read at once. The cases are in parts, each unpacked when one of its
// cases is opened.

const data = { broker: "", tool: "", rows: [], numbers: new Map(), part: 1, parts: new Map() };

async function unpack(element) {
  const bytes = Uint8Array.from(atob(element.textContent.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

async function readRun() {
  const run = await unpack(document.getElementById("run-data"));
  Object.assign(data, { broker: run.broker, tool: run.tool, rows: run.cases, part: run.part });
  run.cases.forEach((row, number) => {
    row.number = number;
    data.numbers.set(row.id, number);
  });
}

/** The full data of the case with this number. */
async function readCase(number) {
  const at = Math.floor(number / data.part);
  if (!data.parts.has(at)) {
    const elements = document.getElementsByClassName("part-data");
    data.parts.set(at, unpack(elements[at]));
  }
  const part = await data.parts.get(at);
  return part[number % data.part];
}
