"use strict";
// Fetches the picture of the call, then starts the scripts of the report page, which draw and play it.
(() => {
  const own = document.currentScript;
  const print = document.getElementById("print");
  if (print) print.addEventListener("click", () => window.print());
  const scripts = ["timeline.js", "spectrogram.js", "pointer.js", "player.js"];

  function start() {
    const name = scripts.shift();
    if (!name) return;
    const script = document.createElement("script");
    script.src = `/static/report/${name}`;
    script.addEventListener("load", start);
    document.body.append(script);
  }

  async function load() {
    const answer = await fetch(own.dataset.picture, { headers: { Accept: "application/json" } });
    const text = await answer.text();
    if (!answer.ok) throw new Error(JSON.parse(text).detail || "the picture cannot be drawn");
    document.getElementById("drawing").textContent = text;
    start();
  }

  load().catch((error) => {
    const note = document.getElementById("no-player");
    note.textContent = `No picture: ${error.message}`;
    note.hidden = false;
    document.documentElement.dataset.ready = "without";
  });
})();
