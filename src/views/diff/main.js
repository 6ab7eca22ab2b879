/* Puts the page together. */

const CHANGES = ['changed', 'grew', 'shrank', 'appeared', 'went', 'unchanged'];

function showHead(model) {
  const command = model.new.command || model.new.exe || '(no command)';
  byId('title').textContent = visible(command);
  byId('subtitle').textContent = 'what changed from one heap profile to another';
  document.title = `${visible(baseName(model.new.exe))}: captrack-bpf diff`;
  for (const side of ['base', 'new']) {
    const {file, command: line, start_ms: start, mode, pid} = model[side];
    const when = start && start < 8e15 ? new Date(start).toISOString().replace('T', ' ').slice(0, 19) + ' UTC' : '';
    byId('profiles').append(el('dt', side), el('dd', visible(file ?? '-'), el('br'),
      el('span.quiet', [visible(line ?? ''), `pid ${pid}`, when, mode].filter(Boolean).join(' \u00b7 '))));
  }
  for (const note of model.notes)
    byId('notes').append(el('li', note));
  byId('footer').textContent = 'Made by captrack-bpf diff. This page loads nothing from anywhere.';
}

function showTotals(model) {
  fill(byId('totals'), [
    el('thead', el('tr', ['', 'base', 'new', 'change', ''].map(title => el('th', {scope: 'col'}, title)))),
    el('tbody', model.totals.filter(total => Number(total.base) || Number(total.new)).map(total => {
      const delta = difference(total.base, total.new);
      return el('tr', {'data-total': total.title}, el('th', {scope: 'row'}, total.title),
        [total.base, total.new].map(value => el('td', {title: formatCount(value)}, model.value(value, total.bytes ?? false))),
        el('td', {title: formatCount(delta)}, el(changeClass(delta), model.delta(delta, total.bytes ?? false))),
        el('td', el(changeClass(delta), formatGrowth(total.base, total.new))));
    }))]);
}

function showChain(model, entry) {
  const [first, ...callers] = model.ownCalls(entry);
  return el('span.chain', el('b', first.name), el('span.where', first.place ? ` (${first.place})` : ''),
    el('span.callers', callers.length ? ` < ${callers.slice(0, 12).map(call => call.name).join(' < ')}` : ''));
}

/* All figures of a stack, and all of its calls. */
function openDetails(model, entry) {
  const dialog = byId('details');
  dialog.replaceChildren(
    el('h2#details-title', model.ownCalls(entry)[0].name),
    el('table', el('thead', el('tr', ['', 'base', 'new', 'change'].map(title => el('th', {scope: 'col'}, title)))),
      el('tbody', model.figures.map((figure, i) => {
        const delta = difference(entry[2][i], entry[3][i]), isBytes = figure.bytes ?? false;
        return el('tr', el('th', {scope: 'row'}, figure.title),
          [entry[2][i], entry[3][i]].map(value => el('td', {title: formatCount(value)}, model.value(value, isBytes))),
          el('td', {title: formatCount(delta)}, el(changeClass(delta), model.delta(delta, isBytes))));
      }))),
    el('ol.frames', model.callsOf(entry).map(call =>
      el('li', call.name, el('span.where', `${call.place ? ` (${call.place})` : ''}${call.inlined ? ' inlined' : ''}`)))),
    el('button.button', {type: 'button', onclick: () => dialog.close()}, 'Close'));
  dialog.showModal();
}

class Stacks {
  constructor(model, element, onFigure) {
    this.model = model;
    this.change = 'changed';
    this.searchBox = el('input#search', {type: 'search', placeholder: 'Search function, file or object', 'aria-label': 'Search the stacks',
      oninput: oncePerFrame(() => this.update())});
    this.matches = el('output.matches', {'aria-live': 'polite'});
    this.table = new Table(this.columns(), {label: 'Stacks', sortBy: 'change', onOpen: entry => openDetails(model, entry)});
    fill(element, [
      el('div.tools',
        choice('Figure', model.figures.map((figure, i) => [i, figure.name]), model.figure, figure => {
          model.figure = figure;
          this.update();
          onFigure();
        }),
        choice('Change', CHANGES.map(change => [change, change]), this.change, change => {
          this.change = change;
          this.update();
        }),
        el('span.push'), this.searchBox, this.matches),
      this.table.element]);
    this.update();
  }

  columns() {
    const {model} = this;
    const value = (name, get) => ({name, title: name, width: 104, key: get,
      show: entry => el(get(entry) ? 'span' : 'span.zero', {title: formatCount(get(entry))}, model.value(get(entry)))});
    return [
      {name: 'change', title: 'change', width: 120, key: entry => Math.abs(model.deltaOf(entry)),
        show: entry => el(changeClass(model.deltaOf(entry)), {title: formatCount(model.deltaOf(entry))}, model.delta(model.deltaOf(entry)))},
      {name: 'percent', title: '%', width: 104, key: entry => model.baseOf(entry) ? model.newOf(entry) / model.baseOf(entry) : Infinity,
        show: entry => formatGrowth(model.baseOf(entry), model.newOf(entry))},
      value('base', entry => model.baseOf(entry)), value('new', entry => model.newOf(entry)),
      {name: 'how', title: 'how', width: 96, isText: true, key: entry => model.change(entry), show: entry => model.change(entry)},
      {name: 'stack', title: 'stack', isText: true, key: entry => model.ownCalls(entry).map(call => call.name).join(' ').toLowerCase(),
        show: entry => showChain(model, entry)},
    ];
  }

  keeps(entry, found) {
    const change = this.model.change(entry);
    if (this.change === 'changed' ? change === 'unchanged' : change !== this.change)
      return false;
    return !found || entry[4].some(call => found[call]);
  }

  update() {
    const text = this.searchBox.value.trim().toLowerCase();
    const found = text ? this.model.calls.map(call => call.text.includes(text)) : null;
    const rows = this.model.entries.filter(entry => this.keeps(entry, found));
    const sum = rows.reduce((total, entry) => total + this.model.deltaOf(entry), 0);
    this.matches.textContent = `${formatCount(rows.length)} ${plural(rows.length, 'stack', 'stacks')}, ${this.model.delta(sum)}`;
    this.table.setRows(rows);
  }
}

function start() {
  const model = new Model(JSON.parse(byId('data').textContent));
  byId('data').remove();
  showHead(model);
  showTotals(model);
  const flame = new Flame(model, byId('flame'));
  new Stacks(model, byId('stacks'), () => flame.update());
}

start();
