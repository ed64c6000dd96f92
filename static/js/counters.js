// "21 / 50" at the end of a label line: counts characters as the platform does, never blocks typing.
function recount(counter) {
  const field = document.getElementById(counter.dataset.counts);
  if (!field) return;
  const limit = Number(counter.dataset.limit);
  const used = Array.from(field.value).length;
  counter.textContent = `${used} / ${limit}`;
  counter.classList.toggle("is-near", used >= limit * 0.9 && used <= limit);
  counter.classList.toggle("is-over", used > limit);
}

function recountAll() {
  document.querySelectorAll("[data-counts]").forEach(recount);
}

document.addEventListener("input", (event) => {
  if (event.isComposing || !event.target.id) return;
  document.querySelectorAll(`[data-counts="${CSS.escape(event.target.id)}"]`).forEach(recount);
});
document.addEventListener("compositionend", recountAll);
document.addEventListener("htmx:afterSwap", recountAll);
recountAll();
