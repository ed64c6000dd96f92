// On a narrow screen the parts of the composer become tabs; without script the same links jump to them.
const narrow = window.matchMedia("(max-width: 760px)");
let chosen = "panel-write";

function parts() {
  return Array.from(document.querySelectorAll(".compose-jumps a"), (tab) => ({
    tab, panel: document.getElementById(tab.hash.slice(1)),
  }));
}

function arrange() {
  const list = document.querySelector(".compose-jumps");
  if (!list) return;
  if (!narrow.matches) {
    list.removeAttribute("role");
    parts().forEach(({ tab, panel }) => {
      ["role", "aria-controls", "aria-selected", "tabindex"].forEach((name) => tab.removeAttribute(name));
      ["role", "aria-labelledby", "hidden"].forEach((name) => panel.removeAttribute(name));
    });
    return;
  }
  list.setAttribute("role", "tablist");
  parts().forEach(({ tab, panel }) => {
    const is = panel.id === chosen;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panel.id);
    tab.setAttribute("aria-selected", String(is));
    tab.tabIndex = is ? 0 : -1; // one stop for Tab, arrows within
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    panel.hidden = !is;
  });
}

function choose(tab) {
  chosen = tab.hash.slice(1);
  arrange();
  tab.focus({ preventScroll: true });
}

function step(key, tabs, at) {
  if (key === "ArrowRight") return (at + 1) % tabs.length;
  if (key === "ArrowLeft") return (at + tabs.length - 1) % tabs.length;
  if (key === "Home") return 0;
  if (key === "End") return tabs.length - 1;
  return key === " " ? at : -1;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("#send-form a[href^='#']");
  if (!link) return;
  if (link.getAttribute("role") === "tab") {
    event.preventDefault();
    choose(link);
    return;
  }
  const field = document.getElementById(link.hash.slice(1)); // one of the foot's: what is to be changed
  if (!field || !field.closest("#panel-write")) return;
  event.preventDefault();
  chosen = "panel-write";
  arrange();
  field.focus();
});
document.addEventListener("keydown", (event) => {
  const tab = event.target.closest && event.target.closest(".compose-jumps [role=tab]");
  if (!tab) return;
  const tabs = parts().map((part) => part.tab);
  const next = step(event.key, tabs, tabs.indexOf(tab));
  if (next < 0) return;
  event.preventDefault();
  choose(tabs[next]);
});
document.addEventListener("htmx:afterSwap", () => {
  const list = document.querySelector(".compose-jumps");
  if (!list || list.hasAttribute("role") === narrow.matches) return; // only a new form has lost its tabs
  if (document.querySelector("#panel-write .field-bad, #panel-write [autofocus]")) chosen = "panel-write";
  arrange();
  const wrong = document.querySelector("#panel-write [autofocus]");
  if (wrong) wrong.focus();
});
narrow.addEventListener("change", arrange);
arrange();
