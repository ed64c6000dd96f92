// Says how many rows are ticked; the words come from the page, {n} is the number.
function tell() {
  const bar = document.getElementById("ticked");
  const place = bar && bar.querySelector("[data-ticked-count]");
  if (!place) return;
  const all = bar.querySelector("[name=all]");
  const ticked = document.querySelectorAll("[form=ticked][name=send]:checked").length;
  place.hidden = !ticked || Boolean(all && all.checked);
  place.textContent = place.dataset.words.replace("{n}", String(ticked));
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[form=ticked], #ticked *")) tell();
});
document.addEventListener("htmx:afterSettle", tell);
tell();
