// Live parts carry data-poll and a trigger "load delay:Ns, wake". A hidden tab does not ask; a tab that comes back asks at once.
const RETRY_MS = 5000;

function isPoll(element) {
  return element && element.matches && element.matches("[data-poll]");
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (isPoll(event.detail.elt) && document.hidden) event.preventDefault();
});
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
