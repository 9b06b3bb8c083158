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
