// The player and the keys: hear any event, one party or both.

const sound = new Audio();
let position = 0, stopAt = Infinity, current = -1, routing = null, soloed = -1, hover = null;
const playable = Boolean(drawing.mime || drawing.audio);
if (playable) {
  // A page by itself holds its audio; a page of the service names where it is.
  sound.src = drawing.audio || URL.createObjectURL(new Blob([bytesOf(byId("audio").textContent)], { type: drawing.mime }));
  sound.preload = "auto";
} else {
  byId("no-player").textContent = drawing.noPlayer || "";
  byId("no-player").hidden = !drawing.noPlayer;
  for (const id of ["play", "speed"]) byId(id).disabled = true;
}
if (byId("audio")) byId("audio").textContent = ""; // its bytes are in the player now

// Each channel to the ears: both as recorded, or one party alone in both ears.
function route() {
  if (names.length < 2 || !window.AudioContext) return;
  if (!routing) {
    const context = new AudioContext(), splitter = context.createChannelSplitter(names.length), merger = context.createChannelMerger(2);
    context.createMediaElementSource(sound).connect(splitter);
    const gains = names.map((_, channel) => [0, 1].map((ear) => {
      const gain = context.createGain();
      splitter.connect(gain, channel);
      gain.connect(merger, 0, ear);
      return gain;
    }));
    merger.connect(context.destination);
    routing = { context, gains };
  }
  routing.context.resume();
  routing.gains.forEach((pair, channel) => pair.forEach((gain, ear) => {
    const own = names.length === 2 ? channel === ear : true;
    gain.gain.value = soloed < 0 ? (own ? (names.length === 2 ? 1 : 1 / names.length) : 0) : Number(channel === soloed);
  }));
}

function seek(time) {
  position = Math.min(Math.max(0, time), duration);
  if (playable) sound.currentTime = position;
  if (position < view.start || position > view.end) look(position - (view.end - view.start) / 4, position + (3 * (view.end - view.start)) / 4);
  drawCursor();
}

function play() {
  if (!playable) return;
  if (position >= duration - 0.05) seek(0);
  route();
  sound.playbackRate = Number(byId("speed").value);
  sound.play().catch((reason) => { byId("no-player").textContent = `The browser does not play this: ${reason.message}`; byId("no-player").hidden = false; });
}

function toggle() { stopAt = Infinity; if (sound.paused) play(); else sound.pause(); }

function hear(start, end) {
  const first = Math.max(0, start - drawing.around), last = Math.min(duration, end + drawing.around), length = last - first;
  if (first < view.start || last > view.end || view.end - view.start > Math.max(40, 8 * length)) look(first - Math.max(8, length), last + Math.max(8, length));
  seek(first);
  stopAt = last;
  play();
}

function step(direction) {
  const ordered = events.map((event, index) => ({ index, at: event.start })).sort((a, b) => a.at - b.at);
  if (!ordered.length) return;
  const here = current >= 0 ? ordered.findIndex((entry) => entry.index === current) : -1;
  let next = here + direction;
  if (here < 0) {
    next = direction > 0 ? ordered.findIndex((entry) => entry.at > position) : ordered.findLastIndex((entry) => entry.at < position);
  }
  const entry = ordered[Math.min(Math.max(next, 0), ordered.length - 1)];
  choose(entry.index);
  hear(events[entry.index].start, events[entry.index].end);
}

function choose(index) {
  current = index;
  const event = events[index];
  for (const row of document.querySelectorAll("#event-list tbody tr")) {
    row.classList.toggle("current", Boolean(event) && Math.abs(Number(row.dataset.at) - event.start) < 1e-3 && row.dataset.kind === event.kind);
  }
}

function drawCursor() {
  const { context, width, height } = fitted("cursor", stageHeight);
  const bottom = height - lanes.axis;
  if (position >= view.start && position <= view.end) {
    const x = placeOf(position, width);
    context.fillStyle = paint.ink;
    context.fillRect(x - 0.75, 8, 1.5, bottom - 8);
    context.beginPath();
    context.moveTo(x - 6, 2);
    context.lineTo(x + 6, 2);
    context.lineTo(x, 11);
    context.fill();
  }
  if (hover !== null) {
    context.fillStyle = paint.accent;
    context.globalAlpha = 0.6;
    context.fillRect(hover, lanes.top - 8, 1, bottom - lanes.top + 8);
    context.globalAlpha = 1;
  }
  const shown = document.createElement("b");
  shown.textContent = clockOf(position);
  byId("clock").replaceChildren(shown, ` / ${clockOf(duration)}`);
  byId("cursor").setAttribute("aria-valuenow", position.toFixed(1));
  byId("cursor").setAttribute("aria-valuetext", clockOf(position));
}

function follow() {
  if (!sound.paused) {
    position = Math.min(sound.currentTime, duration);
    if (position >= stopAt) { sound.pause(); stopAt = Infinity; }
    if (position > view.end || position < view.start) look(position, position + view.end - view.start);
    drawCursor();
    requestAnimationFrame(follow);
  }
}

sound.addEventListener("play", () => { byId("play").textContent = "Pause"; follow(); });
sound.addEventListener("pause", () => { byId("play").textContent = "Play"; drawCursor(); });
sound.addEventListener("timeupdate", () => { if (position >= stopAt || sound.currentTime >= stopAt) { sound.pause(); stopAt = Infinity; } });
byId("play").addEventListener("click", toggle);
byId("next").addEventListener("click", () => step(1));
byId("previous").addEventListener("click", () => step(-1));
byId("speed").addEventListener("change", () => { sound.playbackRate = Number(byId("speed").value); });
byId("zoom-in").addEventListener("click", () => zoom(0.5, middle()));
byId("zoom-out").addEventListener("click", () => zoom(2, middle()));
byId("zoom-all").addEventListener("click", () => look(0, duration));
function middle() { return position >= view.start && position <= view.end ? position : (view.start + view.end) / 2; }

byId("solo").addEventListener("click", (event) => {
  if (event.target.dataset.solo === undefined) return;
  soloed = Number(event.target.dataset.solo);
  for (const button of byId("solo").children) button.setAttribute("aria-pressed", String(button === event.target));
  if (playable) route();
});

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-start]");
  if (!target) return;
  event.preventDefault();
  const start = Number(target.dataset.start), end = Number(target.dataset.end), row = target.closest("tr[data-at]");
  choose(row ? events.findIndex((entry) => Math.abs(entry.start - start) < 1e-3 && entry.kind === row.dataset.kind) : -1);
  if (byId("timeline").getBoundingClientRect().top < 0 || byId("timeline").getBoundingClientRect().top > window.innerHeight / 2) byId("timeline").scrollIntoView({ block: "start" });
  hear(start, end);
});

document.addEventListener("keydown", (event) => {
  const target = event.target, chooses = /^(radio|checkbox)$/.test(target.type);
  if (event.ctrlKey || event.metaKey || event.altKey || (!chooses && /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName))) return;
  const ownSpace = /^(BUTTON|A|SUMMARY)$/.test(target.tagName) || target.type === "checkbox", ownArrows = target.type === "radio";
  const actions = {
    " ": ownSpace ? null : toggle, ArrowLeft: ownArrows ? null : () => { stopAt = Infinity; seek(position - 5); }, ArrowRight: ownArrows ? null : () => { stopAt = Infinity; seek(position + 5); },
    n: () => step(1), p: () => step(-1), "+": () => zoom(0.5, middle()), "=": () => zoom(0.5, middle()), "-": () => zoom(2, middle()), 0: () => look(0, duration),
  };
  const action = actions[event.key];
  if (action) { event.preventDefault(); action(); }
});

function arrange() {
  const kind = byId("kind").value, order = byId("order").value, body = document.querySelector("#event-list tbody");
  const rows = [...body.children];
  const rank = (row) => (order === "time" ? 0 : Number(row.dataset.rank));
  rows.sort((a, b) => rank(a) - rank(b) || Number(a.dataset.at) - Number(b.dataset.at));
  for (const row of rows) row.hidden = kind !== "" && row.dataset.kind !== kind;
  body.replaceChildren(...rows);
}
if (byId("kind")) for (const id of ["kind", "order"]) byId(id).addEventListener("change", arrange);

if (byId("download")) byId("download").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(report, null, 2)], { type: "application/json" }));
  link.download = `${report.recording.path.split(/[\\/]/).pop() || "call"}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
});

function goToHash() {
  const match = /^#t=(\d+(?:\.\d+)?)$/.exec(window.location.hash);
  if (match) seek(Number(match[1]));
}
window.addEventListener("hashchange", goToHash);
window.addEventListener("resize", redraw);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readPaint(); colourSpectra(); redraw(); });

readPaint();
redraw();
goToHash();
loadSpectra().then(() => { drawOverview(); drawStage(); drawCursor(); document.documentElement.dataset.ready = "true"; });
