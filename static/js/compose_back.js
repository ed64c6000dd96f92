// On the way back a browser writes what was typed into the page, but not what its hidden fields had become. They belong together:
// without them words of an earlier version would overwrite a later one, and a new draft would be made twice.
const HIDDEN = ["form_token", "version", "window"];

function sendForm() {
  const form = document.getElementById("send-form");
  return form && form.elements.window ? form : null;
}

function differs(field) {
  if (field.type === "hidden") return false;
  if (field.options) {
    const all = [...field.options];
    return all.some((one) => one.defaultSelected) && all.some((one) => one.selected !== one.defaultSelected);
  }
  if (field.type === "radio" || field.type === "checkbox") return field.checked !== field.defaultChecked;
  return field.value !== field.defaultValue;
}

// With the entry of the history, which outlives the page; htmx writes there, too.
function remember() {
  const form = sendForm();
  if (!form) return;
  const compose = HIDDEN.map((name) => form.elements[name].value);
  const known = history.state && history.state.compose;
  if (String(known) !== String(compose)) history.replaceState({ ...history.state, compose }, "");
}

function takeUp(form, compose) {
  HIDDEN.forEach((name, place) => { form.elements[name].value = compose[place]; });
  form.elements.namedItem("name").dispatchEvent(new Event("input", { bubbles: true })); // previewed and saved as after typing
}

window.addEventListener("pageshow", (event) => {
  const form = sendForm();
  const compose = history.state && history.state.compose;
  if (form && compose && !event.persisted && [...form.elements].some(differs)) takeUp(form, compose);
  remember();
});
document.addEventListener("htmx:afterSettle", remember);
