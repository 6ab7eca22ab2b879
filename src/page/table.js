/* A table of any number of rows, of which those in sight are in the document. It sorts by each column, and
 * goes by keys: arrows, Page Up and Down, Home, End; Enter opens a row. It knows nothing of profiles. */

const ROW_HEIGHT = 34, LEAST_TEXT = 220, MOST_ROWS = 800000; /* browsers end at some 33,000,000 pixels */

/* columns: {name, title, hint?, width, isText?, key(row) -> number or string, show(row) -> text or nodes};
 * options: {label, sortBy, onOpen(row)?, height?} */
class Table {
  constructor(columns, options) {
    this.columns = columns;
    this.options = options;
    this.rows = [];
    this.order = [];
    this.sorted = {name: options.sortBy, down: true};
    this.current = 0;
    this.body = el('tbody');
    this.heads = new Map(columns.map(column => [column.name, this.makeHead(column)]));
    this.table = el('table', {'aria-label': options.label},
      el('colgroup', columns.map(column => this.makeColumn(column))),
      el('thead', el('tr', [...this.heads.values()])), this.body);
    this.element = el('div.table', {tabindex: '0', role: 'region', 'aria-label': options.label,
      onscroll: oncePerFrame(() => this.draw()), onkeydown: event => this.onKey(event)}, this.table);
    this.table.style.minWidth = `${columns.reduce((sum, column) => sum + (column.width ?? LEAST_TEXT), 0)}px`;
    this.drawnFrom = -1;
    new ResizeObserver(oncePerFrame(() => this.draw())).observe(this.element);
    this.markHeads();
  }

  makeColumn(column) {
    const col = el('col');
    if (column.width)
      col.style.width = `${column.width}px`;
    return col;
  }

  makeHead(column) {
    return el(column.isText ? 'th.text' : 'th', {scope: 'col', title: column.hint},
      el('button', {type: 'button', onclick: () => this.sortBy(column.name)}, column.title,
        el('span.arrow', {'aria-hidden': 'true'})));
  }

  markHeads() {
    for (const [name, head] of this.heads) {
      const is = name === this.sorted.name;
      head.setAttribute('aria-sort', is ? (this.sorted.down ? 'descending' : 'ascending') : 'none');
      head.querySelector('.arrow').textContent = is ? (this.sorted.down ? '\u2193' : '\u2191') : '';
    }
  }

  /* The same column again: the other way round. */
  sortBy(name) {
    const column = this.columns.find(one => one.name === name);
    const down = this.sorted.name === name ? !this.sorted.down : !column.isText;
    this.sorted = {name, down};
    this.setRows(this.rows);
  }

  /* Rows are anything, a Uint32Array of indexes too; equal ones keep their order. */
  setRows(rows) {
    const column = this.columns.find(one => one.name === this.sorted.name) ?? this.columns[0];
    const sign = this.sorted.down ? -1 : 1;
    const keys = Array.from(rows, row => column.key(row));
    const places = Uint32Array.from(keys, (_, i) => i);
    places.sort((a, b) => keys[a] < keys[b] ? -sign : keys[a] > keys[b] ? sign : a - b);
    this.rows = rows;
    this.order = places;
    this.current = 0;
    this.element.scrollTop = 0;
    this.table.setAttribute('aria-rowcount', String(rows.length + 1));
    this.markHeads();
    this.drawnFrom = -1;
    this.draw();
  }

  shown() {
    return Math.min(this.order.length, MOST_ROWS);
  }

  rowAt(place) {
    return this.rows[this.order[place]];
  }

  draw() {
    const room = Math.ceil((this.element.clientHeight || 400) / ROW_HEIGHT);
    const first = Math.max(0, Math.min(Math.floor(this.element.scrollTop / ROW_HEIGHT) - 8, this.shown() - 1));
    const from = first - first % 8, to = Math.min(this.shown(), from + room + 24);
    if (from === this.drawnFrom && to === this.drawnTo)
      return;
    this.drawnFrom = from;
    this.drawnTo = to;
    const rows = [this.makeSpace(from)];
    for (let place = from; place < to; place++)
      rows.push(this.makeRow(place));
    rows.push(this.makeSpace(this.shown() - to));
    const hadFocus = this.body.contains(document.activeElement);
    this.body.replaceChildren(...rows);
    if (!this.shown())
      this.body.append(el('tr.none', el('td', {colspan: this.columns.length}, 'Nothing matches.')));
    if (hadFocus)
      (this.body.querySelector(`[data-place="${this.current}"]`) ?? this.element).focus({preventScroll: true});
  }

  makeSpace(rows) {
    const space = el('tr.space', {'aria-hidden': 'true'}, el('td', {colspan: this.columns.length}));
    space.style.height = `${rows * ROW_HEIGHT}px`;
    return space;
  }

  makeRow(place) {
    const row = this.rowAt(place), opens = this.options.onOpen;
    return el(opens ? 'tr.opens' : 'tr', {
      'aria-rowindex': place + 2, 'data-place': place, tabindex: opens ? (place === this.current ? '0' : '-1') : null,
      onclick: () => this.open(place),
    }, this.columns.map(column => el(column.isText ? 'td.text' : 'td', column.show(row))));
  }

  open(place) {
    if (!this.options.onOpen || place < 0 || place >= this.shown())
      return false;
    this.current = place;
    this.options.onOpen(this.rowAt(place), place);
    return true;
  }

  focusRow(place) {
    this.current = Math.max(0, Math.min(place, this.shown() - 1));
    const top = this.current * ROW_HEIGHT, room = this.element.clientHeight - 2 * ROW_HEIGHT;
    if (top < this.element.scrollTop)
      this.element.scrollTop = top;
    else if (top > this.element.scrollTop + room)
      this.element.scrollTop = top - room;
    this.drawnFrom = -1;
    this.draw();
    const row = this.body.querySelector(`[data-place="${this.current}"]`);
    if (row)
      row.focus({preventScroll: true});
  }

  onKey(event) {
    if (!this.options.onOpen || event.target.closest('thead'))
      return;
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW_HEIGHT) - 2);
    const steps = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity};
    const isRow = event.target.closest('tr.opens');
    if (event.key in steps)
      this.focusRow(isRow ? this.current + steps[event.key] : this.current);
    else if (isRow && (event.key === 'Enter' || event.key === ' '))
      this.open(this.current);
    else
      return;
    event.preventDefault();
  }
}
