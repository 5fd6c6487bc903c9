// Draws the charts of a page with uPlot, and fills the tables that take longer than the page. The server says what
// there is to ask: a chart's address names it and a range, never a query.
// A module, so that its names are its own.

const EVERY_MS = 30000;
const GIVE_UP_MS = 10000;
const HEIGHT = 170;
const COLOURS = ["--link", "--low", "--bad"];
const drawn = new Map();

const two = (number) => String(number).padStart(2, "0");

function asTime(seconds, isLong) {
  const at = new Date(seconds * 1000);
  const clock = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
  if (!isLong) return clock;
  const day = `${two(at.getUTCDate())} ${at.toLocaleString("en", { month: "short", timeZone: "UTC" })}`;
  return `${day} ${clock}`;
}

function digits(value) {
  return Number(value.toPrecision(3)).toString();
}

const FORMATS = {
  ratio: (value) => `${digits(100 * value)} %`,
  times: (value) => `${digits(value)}×`,
  rate: (value) => `${digits(value)}/s`,
  seconds: (value) => (Math.abs(value) < 1 ? `${digits(1000 * value)} ms` : `${digits(value)} s`),
};

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// A server that hangs must not stop the page from saying so.
async function ask(address) {
  const gone = new AbortController();
  const timer = setTimeout(() => gone.abort(), GIVE_UP_MS);
  try {
    return await fetch(address, { cache: "no-store", signal: gone.signal });
  } finally {
    clearTimeout(timer);
  }
}

function options(figure, chart, width) {
  const format = FORMATS[figure.dataset.unit];
  const isLong = chart.times.at(-1) - chart.times[0] > 86400;
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    legend: { live: true },
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    scales: { y: { range: (_plot, low, high) => around(figure.dataset.unit, low, high) } },
    axes: [
      { ...axis, size: 28, space: 70, values: (_plot, times) => times.map((at) => asTime(at, isLong)) },
      { ...axis, size: 58, values: (_plot, values) => values.map(format) },
    ],
    series: [
      { label: "UTC", value: (_plot, at) => (at === null ? "–" : asTime(at, true)) },
      ...chart.lines.map((line, index) => ({
        label: line.name,
        stroke: colour(COLOURS[index % COLOURS.length]),
        width: 1.5,
        // A lone point between two holes is something that was measured.
        points: { show: chart.times.length < 40 || isLonely(line.values), size: 4 },
        value: (_plot, value) => (value === null ? "–" : format(value)),
      })),
    ],
  };
}

function isLonely(values) {
  return values.some((value, index) => value !== null && values[index - 1] == null && values[index + 1] == null);
}

// Zero belongs into every chart; a line that never moves lies inside the frame.
function around(unit, low, high) {
  const bottom = Math.min(0, low ?? 0);
  const top = Math.max(high ?? 0, unit === "ratio" ? 1 : 0);
  const room = (top - bottom || 1) * 0.08;
  return [bottom < 0 ? bottom - room : 0, top + room];
}

function newest(chart) {
  for (let index = chart.times.length - 1; index >= 0; index -= 1) {
    const words = chart.lines.filter((line) => line.values[index] !== null);
    if (words.length) return { at: chart.times[index], line: words.at(-1), value: words.at(-1).values[index] };
  }
  return null;
}

function say(figure, words) {
  const word = figure.querySelector(".chart-word");
  word.textContent = words;
  word.hidden = !words;
}

function draw(figure, chart) {
  const box = figure.querySelector(".chart-box");
  const last = newest(chart);
  const now = figure.querySelector(".chart-now");
  drawn.get(figure)?.plot?.destroy();
  box.replaceChildren();
  if (!last) {
    drawn.delete(figure);
    now.textContent = "";
    say(figure, "Prometheus has nothing of this in the chosen time.");
    return;
  }
  const value = FORMATS[figure.dataset.unit](last.value);
  const name = chart.lines.length > 1 ? `${last.line.name} ` : "";
  now.textContent = `${name}${value}`;
  box.setAttribute("aria-label", `${figure.querySelector("b").textContent}: ${name}${value} at ${asTime(last.at, true)} UTC`);
  const data = [chart.times, ...chart.lines.map((line) => line.values)];
  const plot = new uPlot(options(figure, chart, box.clientWidth), data, box);
  drawn.set(figure, { plot, chart });
  say(figure, "");
}

async function refreshChart(figure) {
  try {
    const answer = await ask(figure.dataset.source);
    const content = await answer.json();
    if (!answer.ok) throw new Error(content.error);
    draw(figure, content);
  } catch (error) {
    const reason = error instanceof TypeError || error.name === "AbortError" ? "The inbox does not answer." : `${error.message}.`;
    const kept = drawn.get(figure);
    say(figure, kept ? `${reason} This is from ${asTime(kept.chart.readAt, true)} UTC.` : reason);
  }
}

async function refreshPart(part) {
  try {
    const answer = await ask(part.dataset.part);
    if (answer.ok) part.innerHTML = await answer.text(); // ours, escaped on the server
  } catch {
    // What is there stays, and the page's own line says that the inbox does not answer.
  }
}

function refreshAll() {
  if (document.hidden) return;
  for (const figure of document.querySelectorAll("figure.chart")) refreshChart(figure);
  for (const part of document.querySelectorAll("[data-part]")) refreshPart(part);
}

function redrawAll() {
  for (const [figure, { chart }] of drawn) draw(figure, chart);
}

new ResizeObserver(() => {
  for (const [figure, { plot }] of drawn) {
    const width = figure.querySelector(".chart-box").clientWidth;
    if (width && width !== plot.width) plot.setSize({ width, height: HEIGHT });
  }
}).observe(document.body);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
document.addEventListener("visibilitychange", refreshAll);
setInterval(refreshAll, EVERY_MS);
refreshAll();
