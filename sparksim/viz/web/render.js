// The door: what anywidget calls with a model and an element, and so does the page of its own.

/** Shows the timeline of `model` in `el`; `model` has `packet`, `font`, `theme`, `moment` and `chosen`. */
function render({ model, el }) {
  const root = h("div", {});
  el.replaceChildren(root);
  let pending = 0;
  const tell = (name, value) => {
    if (model.get(name) === value) return;
    model.set(name, value);
    clearTimeout(pending);
    pending = setTimeout(() => model.save_changes(), 120);
  };
  const timeline = new Timeline(root, {
    theme: model.get("theme"),
    onMoment: (at) => tell("moment", at),
    onChoice: (chosen) => tell("chosen", chosen ? [chosen.table, chosen.row, chosen.record].filter((each) => each !== undefined).join(":") : ""),
  });
  const show = () => {
    try {
      timeline.show(readPacket(model.get("packet")));
    } catch (error) {
      root.replaceChildren(h("p", { class: "ss-error", role: "alert" }, error.message));
      console.error(error);
    }
  };
  const follow = {
    packet: show,
    theme: () => {
      timeline.askedTheme = model.get("theme");
      timeline.setTheme();
    },
    moment: () => {
      const at = model.get("moment") * 1000;
      if (timeline.run && at >= 0 && Math.abs(at - timeline.moment) > 1e-6) timeline.seek(at, true);
    },
    chosen: () => {
      const text = model.get("chosen");
      if (!timeline.run || text === timeline.root.dataset.chosen) return;
      const [table, row, record] = text.split(":");
      timeline.choose(text ? { table, row: Number(row), ...(record ? { record: Number(record) } : {}) } : null);
    },
  };
  for (const [name, followed] of Object.entries(follow)) model.on(`change:${name}`, followed);
  let over = false;
  useFont(model.get("font"), () => {
    if (over) return;
    show();
    follow.moment();
    follow.chosen();
  });
  return () => {
    over = true;
    for (const [name, followed] of Object.entries(follow)) model.off(`change:${name}`, followed);
    clearTimeout(pending);
    timeline.destroy();
  };
}

export default { render };
