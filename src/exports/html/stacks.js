/* All stacks, one a line: sorted by any figure, filtered by any name in them. */

const ESSENTIAL = new Set(['at_peak_bytes', 'live_bytes', 'peak_bytes', 'allocated_bytes', 'allocs', 'temporary_allocs',
  'moved_bytes', 'leak']);

function figureColumn(model, [name, title, isBytes, hint]) {
  const {show} = model, figure = model.figures[name];
  return {
    name, title, hint, width: Math.max(96, 9 * title.length + 20),
    key: stack => figure.numbers[stack],
    show: stack => {
      const value = figure.at(stack);
      return el(Number(value) ? 'span' : 'span.zero', {title: isBytes ? show.allBytes(value).trim() || null : null},
        isBytes ? show.bytes(value) : show.count(value));
    },
  };
}

function stackColumn(model) {
  return {
    name: 'stack', title: 'Stack', isText: true, hint: 'from the first function that is no language runtime\u2019s',
    key: stack => model.firstOwn(stack).sortKey,
    show: stack => {
      const [first, ...callers] = model.ownCalls(model.callsOf(stack));
      return el('span.chain', el('b', visible(first.name)), el('span.where', ` ${visible(placeOf(first))}`),
        callers.length ? el('span.callers', ` < ${callers.slice(0, 12).map(call => visible(call.name)).join(' < ')}`) : null);
    },
  };
}

/* Worst first, as report --leaks has them. */
function leakColumn(model) {
  const badness = stack => {
    const [score, rate] = model.leaks.get(stack) ?? [0, 0];
    return score > 0 ? score * Number(rate) : -1;
  };
  return {
    name: 'leak', title: 'Growing', width: 112, key: badness, hint: 'how fast a stack that keeps growing does so, and the leak score, 0 to 1',
    show: stack => {
      const leak = model.leaks.get(stack);
      return leak ? el('span.warn', {title: `leak score ${leak[0].toFixed(2)} of 1`}, `${model.show.bytes(leak[1])}/s`) : '';
    },
  };
}

function threadColumn(model) {
  const name = stack => {
    const thread = model.threads?.[model.by_thread.get(stack)?.[0]];
    return thread ? `${visible(thread.name ?? '?')} ${thread.tid || '-'}` : '';
  };
  return {name: 'thread', title: 'Thread', width: 132, isText: true, key: name, show: name};
}

function stackColumns(model, isEssential) {
  const figures = FIGURES.filter(([name]) => model.figures[name]).map(figure => figureColumn(model, figure));
  const more = [...model.leaks.size ? [leakColumn(model)] : [], ...model.by_thread.size ? [threadColumn(model)] : []];
  return [stackColumn(model), ...[...figures, ...more].filter(column => !isEssential || ESSENTIAL.has(column.name) || column.isText)];
}

class Stacks {
  constructor(model, element, openDetails) {
    this.model = model;
    this.openDetails = openDetails;
    this.filterBox = el('input#stacks-filter', {type: 'search', placeholder: 'Filter by function, file or object',
      'aria-label': 'Filter stacks', oninput: oncePerFrame(() => this.filter())});
    this.count = el('output.matches', {'aria-live': 'polite'});
    this.place = el('div');
    fill(element, [el('div.tools', choice('Columns', [[true, 'Essential'], [false, 'All figures']], true, is => this.use(is)),
      el('span.push'), this.filterBox, this.count), this.place]);
    this.use(true);
  }

  /* With these columns; the order stays where it can. */
  use(isEssential) {
    const columns = stackColumns(this.model, isEssential);
    const sorted = this.table?.sorted, keeps = sorted && columns.some(column => column.name === sorted.name);
    this.table = new Table(columns, {label: 'Stacks', sortBy: this.model.knows.frees ? 'at_peak_bytes' : 'allocated_bytes',
      onOpen: (stack, place) => this.openDetails(stack, step => this.step(place, step))});
    if (keeps)
      this.table.sorted = sorted;
    this.place.replaceChildren(this.table.element);
    this.filter();
  }

  /* From the details of a row to those of the next one. */
  step(place, step) {
    return this.table.open(place + step);
  }

  filter() {
    const text = this.filterBox.value.trim(), {nStacks} = this.model;
    const keeps = text ? this.model.stacksWith(text) : null;
    const rows = [];
    for (let stack = 0; stack < nStacks; stack++) {
      if (!keeps || keeps[stack])
        rows.push(stack);
    }
    this.table.setRows(rows);
    const cut = rows.length > MOST_ROWS ? `, the first ${formatCount(MOST_ROWS)} shown` : '';
    this.count.textContent = (keeps ? `${formatCount(rows.length)} of ${formatCount(nStacks)} stacks${this.share(rows)}` :
      `${formatCount(nStacks)} ${plural(nStacks, 'stack', 'stacks')}`) + cut;
  }

  /* What is filtered holds so much of what the table is about. */
  share(rows) {
    const [name, words] = this.model.knows.frees ? ['at_peak_bytes', 'of the peak'] : ['allocated_bytes', 'of all bytes'];
    const sum = rows.reduce((total, stack) => total + this.model.figures[name].numbers[stack], 0);
    return `, ${this.model.show.share(sum, this.model.sum(name))} ${words}`;
  }
}
