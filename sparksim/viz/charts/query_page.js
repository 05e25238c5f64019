// Shows the timeline of a query in a page of its own: what it draws lies in the page, and nobody else listens.

const inPage = (id) => document.getElementById(id).textContent.trim();
const values = { view: JSON.parse(inPage("view")), font: inPage("font"), theme: document.documentElement.dataset.theme, trigger: -1 };

render({
  el: document.getElementById("query"),
  model: { get: (name) => values[name], set: (name, value) => (values[name] = value), save_changes: () => {}, on: () => {}, off: () => {} },
});
