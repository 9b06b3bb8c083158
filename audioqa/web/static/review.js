"use strict";
// The keys of a review, and a sign of life now and then.
(() => {
  const turn = document.currentScript.dataset.turn;
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const rating = document.getElementById("rating"), judge = document.getElementById("judge");
  const form = rating || judge;
  const writes = (target) => target.tagName === "TEXTAREA" || target.tagName === "SELECT";

  function choose(name, value) {
    const input = form.querySelector(`input[name="${name}"][value="${value}"]`);
    if (input) { input.checked = true; input.focus({ preventScroll: true }); }
  }

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.metaKey) return;
    if (event.key === "Enter" && (event.ctrlKey || !/^(TEXTAREA|BUTTON|A|SUMMARY|SELECT)$/.test(event.target.tagName))) {
      event.preventDefault();
      form.requestSubmit();
      return;
    }
    if (event.ctrlKey || writes(event.target)) return;
    if (rating && /^[1-5]$/.test(event.key)) { event.preventDefault(); choose("rating", event.key); }
    if (!judge) return;
    const index = "cfr".indexOf(event.key);
    if (index >= 0) { event.preventDefault(); choose("verdict", form.querySelectorAll('input[name="verdict"]')[index].value); }
    if (event.key === "l") { event.preventDefault(); form.querySelector('input[name="labels"]').focus(); }
    if (event.key === "t") { event.preventDefault(); form.querySelector("textarea").focus(); }
  });

  // A form that is sent twice would do no harm, but say so.
  for (const one of document.querySelectorAll("form")) {
    one.addEventListener("submit", (event) => {
      if (one.dataset.sent) event.preventDefault();
      one.dataset.sent = "true";
    });
  }

  setInterval(() => {
    fetch(`/review/${turn}/alive`, { method: "POST", headers: { "X-CSRF-Token": token } }).catch(() => {});
  }, 60000);
})();
