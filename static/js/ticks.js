// Says how many rows are ticked; the words come from the page, {n} is the number. The box in the head ticks the page.
function boxes() {
  return [...document.querySelectorAll("[form=ticked][name=send]")];
}

function tell() {
  const bar = document.getElementById("ticked");
  const place = bar && bar.querySelector("[data-ticked-count]");
  if (!place) return;
  const all = bar.querySelector("[name=all]");
  const ticked = boxes().filter((box) => box.checked).length;
  const head = document.querySelector("[data-tick-page]");
  if (head) {
    head.checked = ticked > 0 && ticked === boxes().length;
    head.indeterminate = ticked > 0 && !head.checked;
  }
  place.hidden = !ticked || Boolean(all && all.checked);
  place.textContent = place.dataset.words.replace("{n}", String(ticked));
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-tick-page]")) boxes().forEach((box) => { box.checked = event.target.checked; });
  if (event.target.matches("[form=ticked], #ticked *, [data-tick-page]")) tell();
});
document.addEventListener("reset", () => setTimeout(tell));
document.addEventListener("htmx:afterSettle", tell);
tell();
