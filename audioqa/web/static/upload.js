"use strict";
// Hands files over one after another, tells how far each is, and shows its result as soon as there is one.
(() => {
  const form = document.getElementById("form");
  const drop = document.getElementById("drop");
  const chooser = document.getElementById("files");
  const list = document.getElementById("list");
  const said = document.getElementById("said");
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const largest = Number(form.dataset.largest);
  const waiting = [];
  let sending = 0;

  form.addEventListener("submit", (event) => event.preventDefault());
  chooser.addEventListener("change", () => { take(chooser.files); chooser.value = ""; });
  for (const kind of ["dragenter", "dragover"]) {
    document.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    take(event.dataTransfer.files);
  });

  function take(files) {
    const about = new FormData(form);
    for (const file of files) waiting.push({ file, about, row: addRow(file), key: crypto.randomUUID ? crypto.randomUUID() : String(Math.random()) });
    next();
  }

  function addRow(file) {
    document.getElementById("results").hidden = false;
    const item = document.createElement("li");
    const name = document.createElement("span");
    const bar = document.createElement("progress");
    const outcome = document.createElement("span");
    name.className = "file";
    name.textContent = file.name;
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", `Progress of ${file.name}`);
    outcome.className = "outcome";
    outcome.textContent = "waits its turn";
    item.append(name, bar, outcome);
    list.append(item);
    return { item, bar, outcome };
  }

  function next() {
    while (sending < 2 && waiting.length) send(waiting.shift());
  }

  function send(job) {
    const { file, row } = job;
    if (file.size > largest) {
      end(row, `it is larger than ${Math.round(largest / 1048576)} MB`, "bad");
      return;
    }
    sending += 1;
    const body = new FormData();
    for (const [name, value] of job.about) if (value) body.append(name, value);
    body.append("recording", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/uploads");
    request.responseType = "json";
    request.setRequestHeader("X-CSRF-Token", token);
    request.setRequestHeader("Idempotency-Key", job.key);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) { row.bar.value = event.loaded / event.total; row.outcome.textContent = "is being sent"; }
    });
    request.addEventListener("load", () => {
      sending -= 1;
      if (request.status === 429 || request.status === 503) {
        const pause = Number(request.getResponseHeader("Retry-After")) || 5;
        row.outcome.textContent = `the service is busy: again in ${pause} s`;
        setTimeout(() => { waiting.push(job); next(); }, pause * 1000);
      } else if (request.status >= 400) {
        end(row, request.response?.detail || `refused (${request.status})`, "bad");
      } else {
        row.bar.removeAttribute("value");
        row.outcome.textContent = "waits for a worker";
        watch(row, request.response.id, 400);
      }
      next();
    });
    request.addEventListener("error", () => {
      sending -= 1;
      row.outcome.textContent = "the connection broke off: again in 5 s";
      setTimeout(() => { waiting.push(job); next(); }, 5000);
    });
    request.send(body);
  }

  async function watch(row, id, pause) {
    let job = null;
    try {
      const answer = await fetch(`/api/v1/uploads/${encodeURIComponent(id)}`, { headers: { Accept: "application/json" } });
      if (answer.status === 404) return end(row, "it has been deleted", "bad");
      if (answer.ok) job = await answer.json();
    } catch { /* the service may be starting again: asked once more below */ }
    if (job?.state === "failed") return end(row, job.failure.message, "bad");
    if (job?.state === "scored") return result(row, job);
    if (job?.state === "running") {
      row.outcome.textContent = "is being scored";
      if (job.progress !== null && job.progress !== undefined) row.bar.value = job.progress;
    }
    setTimeout(() => watch(row, id, Math.min(pause * 1.3, 3000)), pause);
  }

  function result(row, job) {
    const call = job.call;
    const words = call.mos === null ? "no MOS" : `MOS ${call.mos.toFixed(2)}${call.band ? `, ${call.band}` : ""}`;
    end(row, "", call.flagged ? "poor" : "good");
    const link = document.createElement("a");
    link.href = `/calls/${call.id}`;
    link.textContent = words;
    row.outcome.append(link);
    if (call.why) row.outcome.append(` – ${call.why}`);
    said.textContent = `${job.file_name}: ${words}`;
  }

  function end(row, words, tone) {
    row.bar.hidden = true;
    row.outcome.textContent = words;
    row.outcome.classList.add(`tone-${tone}`);
    if (words) said.textContent = words;
  }

  document.documentElement.dataset.ready = "true";
})();
