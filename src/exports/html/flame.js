/* The flame graph, drawn on a canvas of the window's size, however deep or wide the tree is. What is too narrow to
 * be seen is drawn as one pale box. */

const ROW = 21, NARROWEST = 1, SHADES = 3, PALETTE = 7;

/* Figures that it can show: name, that of the blocks beside it, title. */
const FLAME_VIEWS = [
  ['at_peak_bytes', 'at_peak_allocs', 'At peak'], ['live_bytes', 'live_allocs', 'Live'],
  ['allocated_bytes', 'allocs', 'Allocated'], ['temporary_allocs', null, 'Temporary'],
];

function hashText(text) {
  let hash = 7;
  for (let i = 0; i < Math.min(text.length, 200); i++)
    hash = Math.imul(hash, 31) + text.charCodeAt(i) | 0;
  return hash >>> 0;
}

class Flame {
  constructor(model, element) {
    this.model = model;
    this.grouped = groupCalls(model);
    this.trees = {};
    this.views = FLAME_VIEWS.filter(([name]) => model.figures[name]);
    this.zoom = this.selected = 0;
    this.found = null;
    this.makeColors();
    this.makeElements(element);
    this.use(this.views[0][0], false);
    new ResizeObserver(oncePerFrame(() => this.layOut())).observe(this.scroller);
  }

  /* The program has a color of its own, the runtime is gray, other objects take turns, those with most code first. */
  makeColors() {
    const counts = new Map();
    for (const {object, calls} of this.grouped.groups)
      counts.set(object, (counts.get(object) ?? 0) + calls.length + (object === this.model.target.exe ? 1e9 : 0));
    this.objects = [...counts.keys()].filter(Boolean).sort((a, b) => counts.get(b) - counts.get(a));
    const gray = this.grouped.groups.filter(group => group.flags & RUNTIME).map(group => group.object);
    const runtime = new Set(gray), colored = this.objects.filter(object => !runtime.has(object));
    this.colorOf = new Map(this.objects.map(object =>
      [object, runtime.has(object) ? 0 : 1 + Math.min(colored.indexOf(object), PALETTE - 1)]));
    this.groupColor = this.grouped.groups.map(group => [this.colorOf.get(group.object) ?? 0, hashText(group.name) % SHADES]);
  }

  makeElements(element) {
    this.canvas = el('canvas', {tabindex: '0', role: 'application', 'aria-describedby': 'flame-keys',
      'aria-roledescription': 'flame graph', onclick: event => this.onClick(event), onmousemove: event => this.onMove(event),
      onmouseleave: () => this.leave(), onkeydown: event => this.onKey(event), onfocus: () => this.draw(), onblur: () => this.draw()});
    this.spacer = el('div.flame-space', this.canvas);
    this.scroller = el('div.flame-scroll', {onscroll: oncePerFrame(() => this.draw())}, this.spacer);
    this.total = el('p.flame-total');
    this.status = el('p.status', {role: 'status', 'aria-live': 'polite'});
    this.matches = el('output.matches', {'aria-live': 'polite'});
    this.searchBox = el('input#flame-search', {type: 'search', placeholder: 'Search function, file or object', 'aria-label':
      'Search the flame graph', oninput: oncePerFrame(() => this.search())});
    this.reset = el('button#flame-reset.button', {type: 'button', disabled: true, onclick: () => this.zoomTo(0)}, 'Reset zoom');
    fill(element, [
      el('div.tools',
        choice('Figure', this.views.map(([name, , title]) => [name, title]), this.views[0][0], name => this.use(name, this.isBottomUp)),
        choice('Direction', [[false, 'From main'], [true, 'From allocation']], false, up => this.use(this.name, up)),
        this.reset, el('span.push'), this.searchBox, this.matches),
      this.total, this.scroller, this.status, this.legend(),
      el('p#flame-keys.quiet', 'Click a frame, or select it with the arrow keys and press Enter, to zoom in; Escape zooms out.')]);
  }

  legend() {
    const keys = [];
    for (let color = 1; color <= PALETTE + 1; color++) {
      const objects = this.objects.filter(object => this.colorOf.get(object) === color % (PALETTE + 1));
      const names = objects.slice(0, 3).map(object => visible(baseName(object))).join(', ');
      if (objects.length)
        keys.push(el(`li.key.flame-${color % (PALETTE + 1)}`, {title: objects.slice(0, 40).map(visible).join('\n')},
          names + (objects.length > 3 ? ` and ${objects.length - 3} more` : '')));
    }
    return el('ul.legend', {'aria-label': 'Colors of objects'}, keys);
  }

  /* Another figure, or direction. */
  use(name, isBottomUp) {
    this.name = name;
    if (this.isBottomUp !== isBottomUp) {
      this.isBottomUp = isBottomUp;
      this.trees[isBottomUp] ??= new FlameTree(this.model, this.grouped, isBottomUp);
      this.tree = this.trees[isBottomUp];
      this.zoom = this.selected = 0;
    }
    this.sums = this.tree.sums(name);
    const [, blocks, title] = this.views.find(view => view[0] === name);
    this.blocks = blocks ? this.tree.sums(blocks) : null;
    if (!this.sums[this.zoom])
      this.zoom = 0;
    this.selected = this.zoom;
    this.canvas.setAttribute('aria-label', `Flame graph, ${title.toLowerCase()}`);
    this.total.replaceChildren(el('b', title), ` ${this.amountsOf(0).join(' \u00b7 ')}`);
    this.search();
    this.layOut();
  }

  search() {
    const text = this.searchBox.value.trim();
    this.found = text ? this.tree.search(text, this.sums) : null;
    const {show} = this.model;
    this.matches.textContent = !this.found ? '' : this.found.count ? `${show.share(this.found.value, this.sums[0])} \u00b7 ` +
      `${this.amount(this.found.value)} in ${formatCount(this.found.count)} ${plural(this.found.count, 'frame', 'frames')}` : 'no match';
    this.draw();
  }

  zoomTo(node) {
    this.zoom = this.selected = node;
    this.reset.disabled = !node;
    this.layOut();
    this.scroller.scrollTop = Math.max(0, (this.tree.depth[node] - 3) * ROW);
    this.tell(node);
  }

  /* Boxes of all frames that are wide enough: {node, x, width, row}; more than 0 in `rest`: so many in one. */
  layOut() {
    const {tree, sums, zoom} = this;
    this.width = this.scroller.clientWidth;
    this.boxes = [];
    for (let node = tree.parent[zoom], from = zoom; from; from = node, node = tree.parent[node])
      this.boxes.push({node, x: 0, width: this.width, row: tree.depth[node], rest: 0, isAbove: true});
    const todo = sums[zoom] ? [{node: zoom, x: 0, width: this.width, row: tree.depth[zoom], rest: 0}] : [];
    let rows = tree.depth[zoom] + 1;
    while (todo.length) {
      const box = todo.pop();
      this.boxes.push(box);
      rows = Math.max(rows, box.row + 1);
      if (!box.rest)
        this.layOutChildren(box, todo);
    }
    this.rows = new Map();
    for (const box of this.boxes) {
      if (!this.rows.has(box.row))
        this.rows.set(box.row, []);
      this.rows.get(box.row).push(box);
    }
    this.nRows = rows;
    this.spacer.style.height = `${rows * ROW}px`;
    this.draw();
  }

  layOutChildren(box, todo) {
    const scale = box.width / this.sums[box.node], row = box.row + 1;
    const children = this.tree.childrenOf(box.node, this.sums);
    let x = box.x;
    for (let i = 0; i < children.length; i++) {
      const width = this.sums[children[i]] * scale;
      if (width < NARROWEST) {
        const value = children.slice(i).reduce((sum, child) => sum + this.sums[child], 0);
        if (value * scale >= NARROWEST)
          todo.push({node: box.node, x, width: value * scale, row, rest: children.length - i, value});
        return;
      }
      todo.push({node: children[i], x, width, row, rest: 0});
      x += width;
    }
  }

  draw() {
    if (!this.boxes)
      return;
    const ratio = devicePixelRatio || 1, height = Math.min(this.scroller.clientHeight || ROW, this.nRows * ROW);
    const {canvas} = this;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(this.width * ratio);
    canvas.height = Math.round(height * ratio);
    const ink = canvas.getContext('2d');
    ink.scale(ratio, ratio);
    ink.font = `12px ${cssColor('--font')}`;
    ink.textBaseline = 'middle';
    this.readColors();
    const top = this.scroller.scrollTop;
    for (let row = Math.floor(top / ROW); row <= (top + height) / ROW; row++) {
      for (const box of this.rows.get(row) ?? [])
        this.drawBox(ink, box, row * ROW - top);
    }
  }

  readColors() {
    this.colors = Array.from({length: PALETTE + 1}, (_, i) => cssColor(`--flame-${i}`));
    this.inks = {text: cssColor('--flame-ink'), dimmed: cssColor('--ink'), gap: cssColor('--surface'), pale: cssColor('--flame-rest'),
      match: cssColor('--accent'), onMatch: cssColor('--on-accent'), focus: cssColor('--ink')};
  }

  drawBox(ink, box, y) {
    const isMatch = this.found && !box.rest && box.node && this.found.matches[this.tree.group[box.node]];
    const [color, shade] = box.node ? this.groupColor[this.tree.group[box.node]] : [0, 0];
    const width = box.width > 3 ? box.width - 1 : box.width;
    ink.globalAlpha = box.isAbove ? 0.7 : this.found && !isMatch ? 0.35 : 1 - 0.12 * shade;
    ink.fillStyle = box.rest ? this.inks.pale : isMatch ? this.inks.match : this.colors[color];
    ink.fillRect(box.x, y, width, ROW - 1);
    ink.globalAlpha = 1;
    if (box.node === this.selected && !box.rest && document.activeElement === this.canvas) {
      ink.strokeStyle = this.inks.focus;
      ink.lineWidth = 2;
      ink.strokeRect(box.x + 1, y + 1, Math.max(1, width - 2), ROW - 3);
    }
    if (width > 26 && !box.rest)
      this.drawLabel(ink, box, y, width - 10, isMatch ? this.inks.onMatch : this.found && !box.isAbove ? this.inks.dimmed : this.inks.text);
  }

  drawLabel(ink, box, y, room, color) {
    let text = this.tree.nameOf(box.node).slice(0, 300);
    const width = ink.measureText(text).width;
    if (width > room) {
      let length = Math.floor(text.length * room / width);
      while (length > 1 && ink.measureText(`${text.slice(0, length)}\u2026`).width > room)
        length--;
      text = length > 1 ? `${text.slice(0, length)}\u2026` : '';
    }
    ink.fillStyle = color;
    ink.fillText(text, box.x + 5, y + ROW / 2);
  }

  amount(value) {
    const {show} = this.model;
    return this.blocks ? show.bytes(value) : `${show.count(value)} ${plural(value, 'allocation', 'allocations')}`;
  }

  /* "4.3 MiB", "4,492,679 B", "801 blocks" */
  amountsOf(node) {
    const {show} = this.model, amounts = [this.amount(this.sums[node])], blocks = this.blocks?.[node];
    if (!this.blocks)
      return amounts;
    const unit = this.name === 'allocated_bytes' ? plural(blocks, 'allocation', 'allocations') : plural(blocks, 'block', 'blocks');
    return [...amounts, show.allBytes(this.sums[node]).trim(), `${show.count(blocks)} ${unit}`].filter(Boolean);
  }

  /* Name; amounts; place. */
  textOf(node) {
    const share = this.model.show.share(this.sums[node], this.sums[0]);
    const lines = [this.tree.nameOf(node), [...this.amountsOf(node), share].join(' \u00b7 ')];
    const place = [this.tree.placeOf(node), this.tree.objectOf(node)].filter(Boolean).join(' \u00b7 ');
    return place ? [...lines, place] : lines;
  }

  linesOf(box) {
    if (box.rest)
      return [`${formatCount(box.rest)} more below ${this.tree.nameOf(box.node)}`, `${this.amount(box.value)}, too narrow to draw`];
    return this.textOf(box.node);
  }

  tell(node) {
    this.status.textContent = this.textOf(node).join(' \u00b7 ');
  }

  boxAt(event) {
    const place = this.canvas.getBoundingClientRect(), x = event.clientX - place.left;
    const row = Math.floor((event.clientY - place.top + this.scroller.scrollTop) / ROW);
    return (this.rows?.get(row) ?? []).find(box => x >= box.x && x < box.x + box.width);
  }

  onMove(event) {
    const box = this.boxAt(event);
    this.canvas.style.cursor = box && !box.rest ? 'pointer' : 'default';
    if (box)
      tooltip.show(event.clientX, event.clientY, this.linesOf(box));
    else
      tooltip.hide();
  }

  leave() {
    tooltip.hide();
  }

  onClick(event) {
    const box = this.boxAt(event);
    if (box && !box.rest)
      this.zoomTo(box.node);
  }

  onKey(event) {
    const {tree, selected} = this, siblings = selected ? tree.childrenOf(tree.parent[selected], this.sums) : [0];
    const at = siblings.indexOf(selected);
    const to = {
      ArrowDown: () => tree.childrenOf(selected, this.sums)[0] ?? selected,
      ArrowUp: () => tree.parent[selected],
      ArrowLeft: () => siblings[Math.max(0, at - 1)],
      ArrowRight: () => siblings[Math.min(siblings.length - 1, at + 1)],
    }[event.key];
    if (to)
      this.select(to());
    else if (event.key === 'Enter' || event.key === ' ')
      this.zoomTo(selected);
    else if (event.key === 'Escape')
      this.zoomTo(0);
    else
      return;
    event.preventDefault();
  }

  /* What is not on the picture, for it is above the zoom or too narrow, becomes it. */
  select(node) {
    this.selected = node;
    const box = (this.rows.get(this.tree.depth[node]) ?? []).find(one => one.node === node && !one.rest);
    if (!box) {
      this.zoom = this.tree.parent[node];
      this.reset.disabled = !this.zoom;
      this.layOut();
    }
    const top = this.tree.depth[node] * ROW, {scroller} = this;
    if (top < scroller.scrollTop)
      scroller.scrollTop = top;
    else if (top + ROW > scroller.scrollTop + scroller.clientHeight)
      scroller.scrollTop = top + ROW - scroller.clientHeight;
    this.tell(node);
    this.draw();
  }
}
