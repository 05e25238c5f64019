// What a person does: buttons, keys, wheel and pointer. Each becomes a call of the timeline.

const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30];
const CLICK = 4; // pixels: a pointer that moves less is a click
const ICONS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z",
  back: "M3 2.5h2v11H3zM13 2.5v11L6 8z",
  on: "M11 2.5h2v11h-2zM3 2.5v11L10 8z",
  "zoom in": "M7 3h2v4h4v2H9v4H7V9H3V7h4z",
  "zoom out": "M3 7h10v2H3z",
};

function iconButton(run, name, onclick) {
  const button = h("button", { type: "button", class: "ss-icon", "data-action": name, title: say(run, name), "aria-label": say(run, name), onclick });
  setIcon(button, name);
  return button;
}

function setIcon(button, name) {
  button.replaceChildren(svgOf(ICONS[name], "0 0 16 16"));
}

/** The row of buttons; gives its parts. */
function toolbar(run, timeline) {
  const play = iconButton(run, "play", () => timeline.togglePlay());
  const speed = h("select", { class: "ss-speed", "data-action": "speed", "aria-label": say(run, "speed") },
    SPEEDS.map((each) => h("option", { value: each }, `${each}×`)));
  speed.value = "1";
  speed.addEventListener("change", () => (timeline.speed = Number(speed.value)));
  const readout = h("output", { class: "ss-readout" });
  const textButton = (name, onclick) => h("button", { type: "button", "data-action": name, onclick }, say(run, name));
  const recent = textButton("recent", () => timeline.look(...run.head.window_ms));
  if (run.head.window_ms[0] === 0) recent.hidden = true;
  const element = h("div", { class: "ss-toolbar", role: "toolbar", "aria-label": say(run, "timeline") },
    h("strong", { class: "ss-title" }, run.head.title),
    h("span", { class: "ss-group" },
      iconButton(run, "back", () => timeline.step(-1)), play, iconButton(run, "on", () => timeline.step(1)), speed, readout),
    h("span", { class: "ss-group" },
      iconButton(run, "zoom out", () => timeline.zoom(1.5)), iconButton(run, "zoom in", () => timeline.zoom(1 / 1.5)),
      textButton("whole", () => timeline.look(0, run.head.end_ms)), recent));
  return { element, play, speed, readout };
}

/** What a key does, or undefined for one that is not ours. */
function keyAction(timeline, event) {
  const { run } = timeline;
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const actions = {
    " ": () => timeline.togglePlay(),
    ArrowLeft: () => (event.shiftKey ? timeline.step(-1) : timeline.pan(-0.15)),
    ArrowRight: () => (event.shiftKey ? timeline.step(1) : timeline.pan(0.15)),
    ArrowUp: () => timeline.moveLane(-1),
    ArrowDown: () => timeline.moveLane(1),
    "+": () => timeline.zoom(1 / 1.5),
    "=": () => timeline.zoom(1 / 1.5),
    "-": () => timeline.zoom(1.5),
    0: () => timeline.look(0, run.head.end_ms),
    Home: () => timeline.seek(0, true),
    End: () => timeline.seek(run.head.end_ms, true),
    n: () => timeline.moveBar(1),
    p: () => timeline.moveBar(-1),
    Escape: () => timeline.choose(null),
  };
  return actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
}

/** Connects the canvas of the lanes with the timeline. */
function listenToLanes(canvas, timeline) {
  canvas.addEventListener("keydown", (event) => {
    const action = keyAction(timeline, event);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation(); // a notebook has its own use for these keys
    action();
  });
  canvas.addEventListener("focus", () => timeline.setFocus(true));
  canvas.addEventListener("blur", () => timeline.setFocus(false));
  canvas.addEventListener("wheel", (event) => {
    if (!timeline.focused && !event.ctrlKey && !event.metaKey) return timeline.hint();
    const { x } = pointOf(canvas, event);
    if (x < timeline.scale.left && !event.ctrlKey) return undefined; // over the titles the wheel scrolls the lanes
    event.preventDefault();
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return timeline.pan((event.deltaX || event.deltaY) / 800);
    return timeline.zoom(Math.exp(Math.max(-120, Math.min(120, event.deltaY)) / 300), timeline.scale.ms(x));
  }, { passive: false });
  let press = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    press = { x: event.clientX, window: timeline.window, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const point = pointOf(canvas, event);
    if (!press) return timeline.hover(point);
    const dx = event.clientX - press.x;
    press.moved ||= Math.abs(dx) >= CLICK;
    if (!press.moved) return undefined;
    const shift = -dx / timeline.scale.perMs;
    canvas.classList.add("ss-dragging");
    timeline.hover(null);
    return timeline.look(press.window[0] + shift, press.window[1] + shift, { keepSpan: true });
  });
  canvas.addEventListener("pointerup", (event) => {
    canvas.classList.remove("ss-dragging");
    if (press && !press.moved) timeline.click(pointOf(canvas, event));
    press = null;
  });
  canvas.addEventListener("pointercancel", () => (press = null));
  canvas.addEventListener("pointerleave", () => timeline.hover(null));
}

/** Dragging on the axis moves the moment, on the overview the visible span. */
function listenToEdges(top, overview, timeline) {
  const dragged = (canvas, action) => {
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      action(pointOf(canvas, event).x);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) action(pointOf(canvas, event).x);
    });
  };
  dragged(top, (x) => timeline.seek(timeline.scale.ms(x)));
  dragged(overview, (x) => {
    const whole = scaleOf([0, timeline.run.head.end_ms], timeline.width, timeline.layout);
    const half = (timeline.window[1] - timeline.window[0]) / 2;
    timeline.look(whole.ms(x) - half, whole.ms(x) + half, { keepSpan: true });
  });
}

function pointOf(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}
