// Seconds left to undo, counted on between two polls. The server's number is the truth; this only keeps it moving.
const STEP_MS = 1000;

setInterval(() => {
  document.querySelectorAll("[data-seconds-left]").forEach((counter) => {
    const left = Number(counter.dataset.secondsLeft) - 1;
    if (left < 0) return;
    counter.dataset.secondsLeft = String(left);
    counter.textContent = String(left);
  });
}, STEP_MS);
