// Toasts that go by themselves, one open menu at a time, and a word when the server did not answer.
document.documentElement.classList.add("has-script");

const TOAST_MS = 4000;

function watchToasts() {
  document.querySelectorAll("[data-toast]:not([data-watched])").forEach((line) => {
    line.dataset.watched = "yes";
    let timer = setTimeout(() => line.remove(), TOAST_MS);
    line.addEventListener("mouseenter", () => clearTimeout(timer));
    line.addEventListener("mouseleave", () => { timer = setTimeout(() => line.remove(), TOAST_MS); });
    line.querySelector("[data-dismiss]").addEventListener("click", () => line.remove());
  });
}

function tellTrouble(event) {
  const source = event.detail.elt;
  if (source && source.closest("[data-poll]")) return; // polling.js asks again by itself
  const main = document.getElementById("content");
  if (main.querySelector(".trouble")) return;
  const notice = document.getElementById("trouble-notice").content.firstElementChild.cloneNode(true);
  notice.classList.add("trouble");
  main.prepend(notice);
}

document.addEventListener("click", (event) => {
  document.querySelectorAll("details.switcher[open], details.drawer[open]").forEach((open) => {
    if (!open.contains(event.target)) open.open = false;
  });
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.querySelectorAll("details.switcher[open], details.drawer[open]").forEach((open) => {
    open.open = false;
    open.querySelector("summary").focus();
  });
});
document.addEventListener("input", (event) => {
  const list = event.target.dataset && event.target.dataset.narrows;
  if (!list) return;
  const wanted = event.target.value.trim().toLowerCase();
  document.querySelectorAll(`#${list} > li`).forEach((line) => {
    line.hidden = !line.textContent.toLowerCase().includes(wanted);
  });
});
document.addEventListener("htmx:sendError", tellTrouble);
document.addEventListener("htmx:responseError", tellTrouble);
document.addEventListener("htmx:afterSwap", watchToasts);
document.addEventListener("htmx:oobAfterSwap", watchToasts);
document.addEventListener("submit", (event) => {
  // A second click on a plain form must not send it twice; the browser undoes this on going back.
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post")) return;
  setTimeout(() => form.querySelectorAll("button:not([type=button])").forEach((button) => { button.disabled = true; }));
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form button[disabled]").forEach((button) => { button.disabled = false; });
});
watchToasts();
