/* A flame graph from main down: as wide as one of the profiles has it, as red or blue as it grew or shrank. */

const BOX_HEIGHT = 21, NARROWEST = 2, MOST_BOXES = 6000;

/* Stacks that begin alike share nodes; values are of the model's figure. */
function makeTree(model) {
  const root = {name: 'all', group: '', base: 0, now: 0, children: new Map(), parent: null, depth: 0};
  for (const entry of model.entries) {
    const base = model.baseOf(entry), now = model.newOf(entry);
    if (!base && !now)
      continue;
    let node = root, i = entry[4].length - 1;
    add(node, base, now);
    while (i > 0 && model.calls[entry[4][i]].isStart)
      i--;
    for (; i >= 0; i--) {
      const call = model.calls[entry[4][i]];
      let child = node.children.get(call.group);
      if (!child) {
        child = {name: call.name, call, base: 0, now: 0, children: new Map(), parent: node, depth: node.depth + 1};
        node.children.set(call.group, child);
      }
      add(child, base, now);
      node = child;
    }
  }
  return root;
}

function add(node, base, now) {
  node.base += base;
  node.now += now;
}

class Flame {
  constructor(model, element) {
    this.model = model;
    this.side = 'now';
    this.space = el('div.flame-space');
    this.scroller = el('div.flame-scroll', this.space);
    this.status = el('p.status', {role: 'status'});
    this.reset = el('button#flame-reset.button', {type: 'button', onclick: () => this.zoomTo(this.root)}, 'Reset zoom');
    fill(element, [
      el('div.tools',
        choice('Width', [['now', 'Width: new'], ['base', 'Width: base']], 'now', side => {
          this.side = side;
          this.zoomTo(this.root);
        }), this.reset),
      this.scroller, this.status,
      el('p.quiet', 'Red grew, blue shrank: the more, the deeper. Click a function to zoom in.')]);
    new ResizeObserver(oncePerFrame(() => this.draw())).observe(this.scroller);
    this.update();
  }

  /* After another figure was chosen. */
  update() {
    this.root = makeTree(this.model);
    this.zoomTo(this.root);
  }

  zoomTo(node) {
    this.zoom = node;
    this.reset.disabled = node === this.root;
    this.scroller.scrollTop = Math.max(0, (node.depth - 3) * BOX_HEIGHT);
    this.draw();
  }

  draw() {
    const width = this.scroller.clientWidth, boxes = [];
    let depth = this.zoom.depth;
    for (let node = this.zoom.parent; node; node = node.parent)
      boxes.push(this.makeBox(node, 0, width, true));
    const todo = [{node: this.zoom, x: 0, width}];
    while (todo.length && boxes.length < MOST_BOXES) {
      const {node, x, width: room} = todo.pop();
      boxes.push(this.makeBox(node, x, room, false));
      depth = Math.max(depth, node.depth);
      let at = x;
      for (const child of [...node.children.values()].sort((a, b) => b[this.side] - a[this.side])) {
        const part = node[this.side] ? room * child[this.side] / node[this.side] : 0;
        if (part < NARROWEST)
          break;
        todo.push({node: child, x: at, width: part});
        at += part;
      }
    }
    this.space.style.height = `${(depth + 1) * BOX_HEIGHT}px`;
    this.space.replaceChildren(...boxes);
    this.tell(this.zoom);
  }

  makeBox(node, x, width, isAbove) {
    const box = el(`button.box${isAbove ? '.above' : ''}${width < 24 ? '.narrow' : ''}`, {
      type: 'button', onclick: () => this.zoomTo(node), onmouseenter: () => this.tell(node), onfocus: () => this.tell(node),
      'aria-label': this.describe(node), 'data-name': node.name,
    }, width < 24 ? '' : node.name.slice(0, 200));
    box.style.left = `${x}px`;
    box.style.top = `${node.depth * BOX_HEIGHT}px`;
    box.style.width = `${Math.max(1, width - 1)}px`;
    const color = this.colorOf(node);
    if (color)
      box.style.background = color;
    return box;
  }

  /* How much of the larger one was not there, or is gone. */
  colorOf(node) {
    const delta = node.now - node.base, share = delta / Math.max(node.now, node.base, 1);
    if (!delta)
      return '';
    return `rgb(var(--${delta > 0 ? 'more' : 'less'}-box) / ${(0.18 + 0.6 * Math.abs(share)).toFixed(2)})`;
  }

  describe(node) {
    const {model} = this, place = node.call?.place ? ` (${node.call.place})` : '';
    return `${node.name}${place}: ${model.value(node.base)} \u2192 ${model.value(node.now)}, ${model.delta(node.now - node.base)} ` +
      formatGrowth(node.base, node.now);
  }

  tell(node) {
    this.status.textContent = this.describe(node);
  }
}
