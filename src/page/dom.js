/* Elements. Text from the profile is untrusted: it becomes text nodes and attributes' values, never markup. */

function fill(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false)
      element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/* el('p.note', 'text'), el('button#x', {type: 'button', onclick: f}, ...): functions are listeners. */
function el(what, ...children) {
  const [, tag, id, classes] = /^([a-z0-9]+)(?:#([\w-]+))?((?:\.[\w-]+)*)$/.exec(what);
  return dress(document.createElement(tag), id, classes, children);
}

function svg(what, ...children) {
  const [, tag, classes] = /^([a-zA-Z]+)((?:\.[\w-]+)*)$/.exec(what);
  return dress(document.createElementNS('http://www.w3.org/2000/svg', tag), '', classes, children);
}

function dress(element, id, classes, children) {
  if (id)
    element.id = id;
  if (classes)
    element.classList.add(...classes.slice(1).split('.'));
  const isSettings = children.length && children[0] && Object.getPrototypeOf(children[0]) === Object.prototype;
  if (isSettings) {
    for (const [name, value] of Object.entries(children.shift())) {
      if (typeof value === 'function')
        element.addEventListener(name.slice(2), value);
      else if (value === true)
        element.setAttribute(name, '');
      else if (value !== false && value !== null && value !== undefined)
        element.setAttribute(name, value);
    }
  }
  return fill(element, children);
}

function byId(id) {
  return document.getElementById(id);
}

/* Buttons of which one is pressed: choices are [value, text]. */
function choice(label, choices, chosen, onChoose) {
  const buttons = choices.map(([value, text]) => el('button.segment', {
    type: 'button', 'data-value': String(value), 'aria-pressed': String(value === chosen),
    onclick: event => {
      for (const button of buttons)
        button.setAttribute('aria-pressed', String(button === event.currentTarget));
      onChoose(value);
    },
  }, text));
  return el('div.segments', {role: 'group', 'aria-label': label}, buttons);
}

/* Runs a function at most once a frame, however often it is asked for. */
function oncePerFrame(run) {
  let asked = false;
  return () => {
    if (asked)
      return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      run();
    });
  };
}

const tooltip = {
  show(x, y, lines) {
    const box = byId('tooltip');
    box.replaceChildren(...lines.map((line, i) => el(i ? 'p' : 'p.head', line)));
    box.hidden = false;
    const left = Math.min(x + 14, innerWidth - box.offsetWidth - 8);
    const below = y + 18 + box.offsetHeight < innerHeight;
    box.style.left = `${Math.max(8, left)}px`;
    box.style.top = `${below ? y + 18 : Math.max(8, y - box.offsetHeight - 12)}px`;
  },
  hide() {
    byId('tooltip').hidden = true;
  },
};

/* CSS's own: one place for colors. */
function cssColor(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
