// Keys: ? help, g h home, g b batch sends, n new batch send, / search, Ctrl+Enter the primary of a form. None fires while typing.
const NEXT_KEY_MS = 1200;
let prefix = "";

function isTyping(target) {
  return target.closest && target.closest("input, textarea, select, [contenteditable]");
}

function goTo(address) {
  if (address) window.location.assign(address);
}

function openShortcuts() {
  const dialog = document.getElementById("shortcuts");
  if (dialog && !dialog.open) dialog.showModal();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-opens=shortcuts]")) openShortcuts();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest && event.target.closest("form");
    const primary = form && form.querySelector(".btn-primary");
    if (primary) primary.click();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const keys = prefix + event.key;
  prefix = "";
  if (keys === "g") {
    prefix = "g";
    setTimeout(() => { prefix = ""; }, NEXT_KEY_MS);
  } else if (keys === "gh") {
    goTo(document.body.dataset.home);
  } else if (keys === "gb") {
    goTo(document.body.dataset.sends);
  } else if (keys === "n") {
    goTo(document.body.dataset.new);
  } else if (keys === "?") {
    openShortcuts();
  } else if (keys === "/") {
    const fields = [...document.querySelectorAll("#search-header, main input[type=search]")];
    const search = fields.find((field) => field.checkVisibility ? field.checkVisibility() : field.offsetParent);
    if (search) {
      event.preventDefault();
      search.focus();
    }
  }
});
