// Keys on a list: j and k move between its rows, x ticks, . opens the menu of the row, Enter opens (the row's link has the focus). None fires while typing or with a modifier.
let here = null;

function rows() {
  return [...document.querySelectorAll("main tr[data-row]")];
}

function moveTo(row) {
  if (!row) return;
  if (here) here.classList.remove("is-here");
  here = row;
  here.classList.add("is-here");
  const link = here.querySelector("th a, td a");
  if (link) link.focus({ preventScroll: true });
  here.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const typing = event.target.closest && event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
  if (typing) return;
  const all = rows();
  const at = all.findIndex((row) => here && row.id === here.id);
  if (event.key === "j") {
    moveTo(all[Math.min(at + 1, all.length - 1)]);
  } else if (event.key === "k") {
    moveTo(all[Math.max(at - 1, 0)]);
  } else if (event.key === "x" && at >= 0) {
    const tick = all[at].querySelector("input[type=checkbox]");
    if (tick) tick.click();
  } else if (event.key === "." && at >= 0) {
    const more = all[at].querySelector("[popovertarget]");
    if (more) more.click();
  }
});
