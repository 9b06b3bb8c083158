"use strict";
// The picture: an overview and a zoomable stack of waveforms, spectrograms and MOS on one time axis.

window.addEventListener("error", (event) => { document.documentElement.dataset.error = event.message; });
window.addEventListener("unhandledrejection", (event) => { document.documentElement.dataset.error = String(event.reason); });

const byId = (id) => document.getElementById(id);
const report = JSON.parse(byId("report").textContent);
const drawing = JSON.parse(byId("drawing").textContent);
const duration = Math.max(drawing.duration, 0.001);
const shortest = Math.min(duration, 0.5); // s, the closest zoom
const ranks = { severe: 0, warning: 1, notice: 2 };
const events = report.events.map((event) => ({ ...event, start: event.segment.start, end: event.segment.end }));
const phases = report.phases.map((phase) => ({ ...phase, start: phase.segment.start, end: phase.segment.end }));
const view = { start: 0, end: duration };
const lanes = { top: 26, wave: 74, spectrum: 92, gap: 14, mos: drawing.blind ? 0 : 132, axis: 26, left: 44 };
const names = report.recording.channels;

function clockOf(seconds, step = 0.1) {
  const tenths = Math.round(Math.max(0, seconds) * 10);
  const hours = Math.floor(tenths / 36000), minutes = Math.floor(tenths / 600) % 60, rest = tenths % 600;
  const tail = String(Math.floor(rest / 10)).padStart(2, "0") + (step < 1 ? `.${rest % 10}` : "");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

function words(kind) { return kind.replaceAll("-", " ").replaceAll("_", " "); }

function bytesOf(base64) {
  const raw = atob(base64), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

const envelopes = drawing.channels.map((channel) => new Int8Array(bytesOf(channel.envelope).buffer));
const peaks = envelopes.map((envelope) => envelope.reduce((peak, value) => Math.max(peak, Math.abs(value)), 12));
let paint = {};

function readPaint() {
  const style = getComputedStyle(document.documentElement);
  const value = (name) => style.getPropertyValue(`--${name}`).trim();
  paint = { channels: [0, 1, 2, 3].map((i) => value(`c${i}`)), bands: [0, 1, 2, 3, 4].map((i) => value(`band${i}`)),
    ramp: [0, 1, 2, 3, 4].map((i) => value(`ramp${i}`)) };
  for (const name of ["paper", "ink", "muted", "line", "accent", "ground", "severe", "warning", "notice"]) paint[name] = value(name);
}

function fitted(id, height) {
  const canvas = byId(id), ratio = window.devicePixelRatio || 1, width = canvas.parentElement.clientWidth;
  const shown = id === "overview" ? canvas.clientWidth : width;
  if (canvas.width !== Math.round(shown * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(shown * ratio);
    canvas.height = Math.round(height * ratio);
    if (id !== "overview") canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, shown, height);
  context.font = "12px system-ui, sans-serif";
  return { context, width: shown, height };
}

const channelHeight = lanes.top + lanes.wave + lanes.spectrum + lanes.gap;
const stageHeight = drawing.channels.length * channelHeight + lanes.mos + lanes.axis;

function timeAt(x, width) { return view.start + ((x - lanes.left) / (width - lanes.left)) * (view.end - view.start); }
function placeOf(time, width) { return lanes.left + ((time - view.start) / (view.end - view.start)) * (width - lanes.left); }

function drawWave(context, index, from, to, box) {
  const envelope = envelopes[index], count = envelope.length / 2, scale = box.height / 2 / (peaks[index] * 1.08);
  const middle = box.top + box.height / 2;
  context.fillStyle = paint.channels[index % 4];
  for (let x = 0; x < box.width; x += 1) {
    const first = Math.floor(((from + (x / box.width) * (to - from)) / duration) * count);
    const last = Math.min(count, Math.max(first + 1, Math.floor(((from + ((x + 1) / box.width) * (to - from)) / duration) * count)));
    let low = 0, high = 0;
    for (let i = Math.max(0, first); i < last; i += 1) {
      low = Math.min(low, envelope[2 * i]);
      high = Math.max(high, envelope[2 * i + 1]);
    }
    context.fillRect(box.left + x, middle - high * scale, 1, Math.max(1, (high - low) * scale));
  }
}

function drawPhases(context, index, box) {
  for (const phase of phases) {
    if (phase.channel !== null && phase.channel !== names[index]) continue;
    if (phase.end < view.start || phase.start > view.end) continue;
    const left = Math.max(lanes.left, placeOf(phase.start, box.right));
    const width = Math.max(2, Math.min(box.right, placeOf(phase.end, box.right)) - left);
    context.fillStyle = paint.muted;
    context.globalAlpha = 0.22; // a light band, behind the waveform
    context.fillRect(left, box.top, width, lanes.wave);
    context.globalAlpha = 1;
    const label = words(phase.kind);
    if (context.measureText(label).width + 6 < width) context.fillText(label, left + 3, box.top + lanes.wave - 4);
  }
}

function shade(context, index, box, spectrumTop) {
  for (const event of [...events].sort((a, b) => ranks[b.severity] - ranks[a.severity])) {
    if (event.channel !== null && event.channel !== names[index]) continue;
    if (event.end < view.start || event.start > view.end) continue;
    const left = Math.max(lanes.left, placeOf(event.start, box.right));
    const width = Math.max(2, Math.min(box.right, placeOf(event.end, box.right)) - left);
    context.fillStyle = paint[event.severity];
    context.globalAlpha = 0.2;
    context.fillRect(left, box.top, width, lanes.wave);
    context.globalAlpha = 0.1; // lighter, so that the spectrogram still shows what happened
    context.fillRect(left, spectrumTop, width, lanes.spectrum - 2);
    context.globalAlpha = 1;
    context.fillRect(left, box.top, width, 3);
    context.fillRect(left, spectrumTop - 2, width, 2);
  }
}

function labels(context, index, box) {
  let free = lanes.left;
  const shown = events.filter((event) => (event.channel === null || event.channel === names[index]) && event.end >= view.start && event.start <= view.end);
  for (const event of shown) {
    const label = words(event.kind), width = context.measureText(label).width;
    const left = Math.min(Math.max(lanes.left, placeOf(event.start, box.right)), box.right - width);
    if (left < free + 6 && free > lanes.left) continue;
    context.fillStyle = paint[event.severity];
    context.fillText(label, left, box.top - 5);
    free = left + width;
  }
}

function stepOf(width) {
  const wanted = (view.end - view.start) / Math.max(2, width / 90);
  return [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].find((step) => step >= wanted) || 7200;
}

function sideways(context, label, middle, room, colour) {
  context.save();
  context.translate(12, middle);
  context.rotate(-Math.PI / 2);
  context.textAlign = "center";
  context.fillStyle = colour;
  context.font = "600 12px system-ui, sans-serif";
  context.fillText(label, 0, 0, room);
  context.restore();
}

function drawMos(context, box) {
  const yOf = (mos) => box.top + box.height * (1 - (Math.min(5, Math.max(1, mos)) - 1) / 4);
  let upper = 5;
  drawing.bands.forEach(([limit, name], i) => {
    context.fillStyle = paint.bands[Math.min(i, 4)];
    context.fillRect(box.left, yOf(upper), box.right - box.left, yOf(limit) - yOf(upper));
    if (yOf(limit) - yOf(upper) > 9) {
      context.fillStyle = paint.muted;
      context.font = "10px system-ui, sans-serif";
      context.textAlign = "right";
      context.fillText(name, box.right - 5, (yOf(upper) + yOf(limit)) / 2 + 3.5);
    }
    upper = limit;
  });
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "left";
  context.fillStyle = paint.muted;
  for (const mos of [1, 2, 3, 4, 5]) context.fillText(String(mos), box.left - 14, yOf(mos) + (mos === 5 ? 10 : mos === 1 ? 0 : 4));
  sideways(context, "MOS", box.top + box.height / 2, box.height, paint.ink);
  context.save();
  context.beginPath();
  context.rect(box.left, box.top, box.right - box.left, box.height);
  context.clip();
  report.parties.forEach((party, index) => {
    const windows = party.mos.windows || [];
    context.strokeStyle = context.fillStyle = paint.channels[index % 4];
    const dot = windows.length * (view.end - view.start) < 0.1 * box.right * duration ? 5 : 2; // few enough in view
    context.lineWidth = windows.length > 600 && view.end - view.start > duration / 2 ? 1 : 2;
    context.beginPath();
    let previous = null;
    for (const { segment, mos } of windows) {
      const x = placeOf((segment.start + segment.end) / 2, box.right);
      if (previous === null || segment.start > previous) context.moveTo(x, yOf(mos)); else context.lineTo(x, yOf(mos));
      context.fillRect(x - dot / 2, yOf(mos) - dot / 2, dot, dot); // a window alone between two pauses is a point
      previous = segment.end;
    }
    context.stroke();
  });
  context.restore();
  if (!report.parties.some((party) => party.mos.windows)) {
    context.fillStyle = paint.muted;
    context.fillText(report.mos.skipped ? `no MOS: ${report.mos.skipped}` : "", box.left + 8, box.top + box.height / 2);
  }
}

function drawStage() {
  const { context, width } = fitted("picture", stageHeight);
  drawing.channels.forEach((channel, index) => {
    const top = index * channelHeight + lanes.top, below = top + lanes.wave;
    const box = { left: lanes.left, right: width, width: width - lanes.left, top, height: lanes.wave };
    context.fillStyle = paint.ground;
    context.fillRect(box.left, top, box.width, lanes.wave);
    drawPhases(context, index, box);
    drawWave(context, index, view.start, view.end, box);
    drawSpectrum(context, index, { ...box, top: below + 2, height: lanes.spectrum - 2 });
    shade(context, index, { ...box, height: lanes.wave + lanes.spectrum }, below + 2);
    labels(context, index, box);
    context.fillStyle = paint.muted;
    context.fillText(`${Math.round(channel.top / 100) / 10} kHz`, 0, below + 12);
    sideways(context, names[index], top + lanes.wave / 2, lanes.wave, paint.channels[index % 4]);
  });
  const top = drawing.channels.length * channelHeight;
  if (lanes.mos) drawMos(context, { left: lanes.left, right: width, top, height: lanes.mos });
  const step = stepOf(width);
  for (let time = Math.ceil(view.start / step) * step; time <= view.end + 1e-6; time += step) {
    const x = placeOf(time, width);
    context.fillStyle = paint.line;
    context.fillRect(x, top + lanes.mos, 1, 5);
    context.fillStyle = paint.muted;
    context.textAlign = x > width - 24 ? "right" : "center";
    context.fillText(clockOf(time, step), x, top + lanes.mos + 19);
  }
  context.textAlign = "left";
}

function drawOverview() {
  const { context, width, height } = fitted("overview", 40);
  context.fillStyle = paint.ground;
  context.fillRect(0, 0, width, height);
  const each = height / Math.max(1, envelopes.length);
  envelopes.forEach((_, index) => drawWave(context, index, 0, duration, { left: 0, width, top: index * each, height: each }));
  for (const event of events) {
    context.fillStyle = paint[event.severity];
    context.fillRect((event.start / duration) * width, 0, Math.max(2, ((event.end - event.start) / duration) * width), 4);
  }
  const left = (view.start / duration) * width, right = (view.end / duration) * width;
  context.fillStyle = paint.paper;
  context.globalAlpha = 0.65;
  context.fillRect(0, 0, left, height);
  context.fillRect(right, 0, width - right, height);
  context.globalAlpha = 1;
  context.strokeStyle = paint.accent;
  context.lineWidth = 2;
  context.strokeRect(left + 1, 1, Math.max(3, right - left - 2), height - 2);
}

let waiting = false;
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; drawOverview(); drawStage(); drawCursor(); });
}

function look(start, end) {
  const length = Math.min(duration, Math.max(shortest, end - start));
  view.start = Math.min(Math.max(0, start), duration - length);
  view.end = view.start + length;
  redraw();
}

function zoom(factor, around) {
  const length = view.end - view.start, wanted = Math.min(duration, Math.max(shortest, length * factor));
  look(around - ((around - view.start) / length) * wanted, around + ((view.end - around) / length) * wanted);
}
