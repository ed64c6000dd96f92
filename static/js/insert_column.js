// A chip writes its {column} into the text field that had the cursor last; without script the name can be typed.
let lastField = null;

document.addEventListener("focusin", (event) => {
  if (event.target.matches("#send-form input[name^=value_]")) lastField = event.target;
});
document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-insert]");
  if (!chip) return;
  const usable = lastField && lastField.isConnected;
  const field = usable ? lastField : document.querySelector("#send-form input[name^=value_]");
  if (!field) return;
  const start = usable ? field.selectionStart : field.value.length;
  field.setRangeText(`{${chip.dataset.insert}}`, start, usable ? field.selectionEnd : start, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});
