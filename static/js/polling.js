// A row whose menu is open does not ask either: the answer would take the menu away.
// Live parts carry data-poll and a trigger "load delay:Ns, wake". A hidden tab does not ask; a tab that comes back asks at once.
const RETRY_MS = 5000;
let openMenu = null;

function isPoll(element) {
  return element && element.matches && element.matches("[data-poll]");
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const part = event.detail.elt;
  if (isPoll(part) && (document.hidden || (openMenu && part.contains(openMenu)))) event.preventDefault();
});
document.addEventListener("toggle", (event) => {
  if (!event.target.hasAttribute("popover")) return;
  openMenu = event.newState === "open" ? event.target : null;
  const part = event.target.closest("[data-poll]");
  if (part && !openMenu) window.htmx.trigger(part, "wake");
}, true);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  document.querySelectorAll("[data-poll]").forEach((part) => window.htmx.trigger(part, "wake"));
});
function askAgain(event) {
  const part = event.detail.elt;
  if (isPoll(part)) setTimeout(() => part.isConnected && window.htmx.trigger(part, "wake"), RETRY_MS);
}
document.addEventListener("htmx:sendError", askAgain);
document.addEventListener("htmx:responseError", askAgain);
document.addEventListener("htmx:timeout", askAgain);
// What a live part wants said goes to the one live region, and only when it changed.
document.addEventListener("htmx:afterSwap", () => {
  const said = document.querySelector("[data-say]");
  const live = document.getElementById("live");
  if (said && live && live.textContent !== said.dataset.say) live.textContent = said.dataset.say;
});
