// The player, the pointer and the keys: hear any event, one party or both.

const sound = new Audio();
let position = 0, stopAt = Infinity, current = -1, routing = null, soloed = -1, hover = null;
const playable = drawing.mime !== "";
if (playable) {
  sound.src = URL.createObjectURL(new Blob([bytesOf(byId("audio").textContent)], { type: drawing.mime }));
  sound.preload = "auto";
} else {
  byId("no-player").textContent = drawing.noPlayer;
  byId("no-player").hidden = drawing.noPlayer === "";
  for (const id of ["play", "speed"]) byId(id).disabled = true;
}
byId("audio").textContent = ""; // its bytes are in the player now

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

// The pointer on the picture: click seeks, drag moves, two fingers or Ctrl and wheel zoom.
const stage = byId("cursor"), fingers = new Map();
let dragged = false, grip = null, pinch = null;
const localX = (event) => event.clientX - stage.getBoundingClientRect().left;
stage.addEventListener("pointerdown", (event) => {
  fingers.set(event.pointerId, localX(event));
  stage.setPointerCapture(event.pointerId);
  dragged = false;
  grip = { x: localX(event), start: view.start, end: view.end };
  pinch = fingers.size === 2 ? { span: spread(), start: view.start, end: view.end } : null;
});
function spread() { const [a, b] = [...fingers.values()]; return Math.max(20, Math.abs(a - b)); }
stage.addEventListener("pointermove", (event) => {
  const x = localX(event);
  if (fingers.has(event.pointerId)) fingers.set(event.pointerId, x);
  if (pinch && fingers.size === 2) {
    dragged = true;
    const centre = (pinch.start + pinch.end) / 2, half = ((pinch.end - pinch.start) / 2) * (pinch.span / spread());
    look(centre - half, centre + half);
  } else if (grip && fingers.size === 1 && (dragged || Math.abs(x - grip.x) > 4)) {
    dragged = true;
    const shift = ((grip.x - x) / (stage.clientWidth - lanes.left)) * (grip.end - grip.start);
    look(grip.start + shift, grip.end + shift);
  }
  hover = x >= lanes.left ? x : null;
  tell(event);
  drawCursor();
});
function release(event) {
  fingers.delete(event.pointerId);
  if (event.type === "pointerup" && !dragged && localX(event) >= lanes.left) { stopAt = Infinity; choose(-1); seek(timeAt(localX(event), stage.clientWidth)); }
  if (fingers.size === 0) grip = pinch = null;
}
stage.addEventListener("pointerup", release);
stage.addEventListener("pointercancel", release);
stage.addEventListener("pointerleave", () => { hover = null; byId("tip").hidden = true; drawCursor(); });
stage.addEventListener("dblclick", (event) => zoom(0.35, timeAt(localX(event), stage.clientWidth)));
stage.addEventListener("wheel", (event) => {
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 100), timeAt(Math.max(lanes.left, localX(event)), stage.clientWidth));
  } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    event.preventDefault();
    const shift = ((event.deltaX || event.deltaY) / stage.clientWidth) * (view.end - view.start);
    look(view.start + shift, view.end + shift);
  }
}, { passive: false });

function tell(event) {
  const tip = byId("tip"), x = localX(event), y = event.clientY - stage.getBoundingClientRect().top;
  const lane = Math.floor(y / channelHeight), time = timeAt(x, stage.clientWidth), reach = (3 / stage.clientWidth) * (view.end - view.start);
  if (x < lanes.left || event.pointerType === "touch") { tip.hidden = true; return; }
  const lines = [clockOf(time)];
  for (const found of events) {
    const here = lane >= drawing.channels.length || found.channel === null || found.channel === names[lane];
    if (here && found.start - reach <= time && time < found.end + reach && lines.length < 7) {
      lines.push(`${found.severity}: ${words(found.kind)}, ${found.channel || "whole call"}, ${lengthOf(found.end - found.start)}`);
    }
  }
  report.parties.forEach((party) => {
    const windows = (party.mos.windows || []).filter(({ segment }) => segment.start <= time && time < segment.end);
    const nearest = windows.sort((a, b) => Math.abs(a.segment.start + a.segment.end - 2 * time) - Math.abs(b.segment.start + b.segment.end - 2 * time))[0];
    if (nearest && lines.length < 9) lines.push(`${party.channel}: MOS ${nearest.mos.toFixed(1)}`);
  });
  tip.textContent = lines.join("\n");
  tip.hidden = false;
  const left = Math.min(x + 14, stage.clientWidth - tip.offsetWidth - 2);
  tip.style.transform = `translate(${left < x && x - tip.offsetWidth > 14 ? x - tip.offsetWidth - 14 : Math.max(0, left)}px, ${Math.max(0, y + 14)}px)`;
}
function lengthOf(seconds) { return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`; }

// The overview: press inside the frame to move it, outside to draw a new one.
const overview = byId("overview");
let brush = null;
const timeInOverview = (event) => Math.min(1, Math.max(0, (event.clientX - overview.getBoundingClientRect().left) / overview.clientWidth)) * duration;
overview.addEventListener("pointerdown", (event) => {
  const time = timeInOverview(event), whole = view.end - view.start > 0.98 * duration;
  overview.setPointerCapture(event.pointerId);
  brush = { from: time, start: view.start, end: view.end, moves: !whole && time >= view.start && time <= view.end };
});
overview.addEventListener("pointermove", (event) => {
  if (!brush) return;
  const time = timeInOverview(event);
  if (brush.moves) look(brush.start + time - brush.from, brush.end + time - brush.from);
  else if (Math.abs(time - brush.from) > duration / 200) look(Math.min(time, brush.from), Math.max(time, brush.from));
});
overview.addEventListener("pointerup", (event) => {
  if (brush && Math.abs(timeInOverview(event) - brush.from) <= duration / 200) { stopAt = Infinity; seek(brush.from); }
  brush = null;
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  const onButton = /^(BUTTON|A)$/.test(event.target.tagName);
  const actions = {
    " ": onButton ? null : toggle, ArrowLeft: () => { stopAt = Infinity; seek(position - 5); }, ArrowRight: () => { stopAt = Infinity; seek(position + 5); },
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

byId("download").addEventListener("click", () => {
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
