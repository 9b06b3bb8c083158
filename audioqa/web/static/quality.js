"use strict";
// A file of answers goes into the field, where it can be seen before it is sent.
document.getElementById("answers-file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (file) document.getElementById("answers").value = await file.text();
});
