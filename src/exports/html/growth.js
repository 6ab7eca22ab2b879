/* What realloc grows, as report --sort growth tells it. */

/* The blocks that began at a stack, nearly: a step of a chain is an allocation, too. */
function growthOf(model, stack) {
  const values = model.growth.get(stack);
  if (!values)
    return null;
  const [chains, steps, first, copied, open, observed, kept, median, p95] = values.map(Number);
  const reallocs = model.figures.reallocs.numbers[stack], allocs = model.figures.allocs.numbers[stack];
  const births = Math.max(chains, Math.max(0, allocs - Math.min(steps, reallocs)));
  return {stack, chains, steps, first, copied, open, observed, kept, median, p95, births};
}

/* "14 times", "2.5 times" */
function timesText({steps, chains}) {
  const times = steps / chains, isWhole = steps % chains === 0 || times >= 10;
  return `${isWhole ? times.toFixed(0) : formatTenths(times)} ${steps === chains ? 'time' : 'times'}`;
}

function growthSentence(model, growth) {
  const times = timesText(growth), middle = formatBytes(growth.median), most = formatBytes(growth.p95);
  const fewGrow = growth.chains < Math.floor(growth.births / 2) ?
    `; but only ${formatCount(growth.chains)} of ${formatCount(growth.births)} blocks met realloc` : '';
  if (!growth.kept)
    return `has grown ${times}; ` + (model.capture.running ? 'none has ended yet, so no final size is known' :
      'final sizes are not known') + fewGrow;
  if (growth.p95 <= Math.floor(growth.first / growth.chains))
    return `ends no larger than it begins, at a median of ${middle}, p95 ${most} after realloc ${times}${fewGrow}`;
  if (growth.chains === 1)
    return `grew ${times} to ${most}, the only chain: start at ${formatCount(growth.p95)} B${fewGrow}`;
  return `grows ${times} to a median of ${middle}, p95 ${most}: start at ${formatCount(growth.p95)} B${fewGrow}`;
}

/* What the sentence rests on. */
function growthBasis(model, growth) {
  const parts = [`begins with ${formatBytes(Math.floor(growth.first / growth.chains))} on average`];
  if (growth.chains >= Math.floor(growth.births / 2))
    parts.push(`${formatCount(growth.chains)} of ${formatCount(growth.births)} ${plural(growth.births, 'block', 'blocks')} met realloc`);
  if (model.capture.running)
    parts.push(`${formatCount(growth.observed)} chains have ended`);
  else if (growth.open)
    parts.push(`${formatCount(growth.open)} still open at the end`);
  if (growth.kept && growth.kept < growth.observed)
    parts.push(`median and p95 of a sample of ${formatCount(growth.kept)} sizes`);
  return parts.join('; ');
}

function growthColumns(model, total) {
  const known = row => row.kept > 0;
  const number = (name, title, width, format, hint) => ({name, title, width, hint, key: row => row[name], show: row => format(row[name])});
  const advises = row => known(row) && row.p95 > Math.floor(row.first / row.chains);
  const ending = (name, title, hint) => ({name, title, hint, width: 106, key: row => known(row) ? row[name] : -1,
    show: row => known(row) ? formatBytes(row[name]) : ''});
  const stack = stackColumn(model);
  return [
    {...stack, key: row => stack.key(row.stack), show: row => el('span', {title: growthSentence(model, row)}, stack.show(row.stack))},
    number('copied', 'Copied', 96, formatBytes, 'bytes copied if each step moves its block'),
    {name: 'share', title: 'Share', width: 80, key: row => row.copied, show: row => formatPercent(row.copied, total)},
    number('chains', 'Chains', 88, formatCount, 'blocks that realloc made larger or smaller, however often'),
    number('steps', 'Steps', 88, formatCount, 'reallocs of all chains'),
    ending('median', 'Median end', 'half of the chains end no larger'),
    ending('p95', 'p95 end', '95 of 100 chains end no larger'),
    {name: 'advice', title: 'Start at', width: 132, key: row => advises(row) ? row.p95 : -1, hint: 'the size that spares 95 of 100 ' +
      'chains all steps', show: row => el('b', advises(row) ? `${formatCount(row.p95)} B` : '')},
    {name: 'met', title: 'Met realloc', width: 104, key: row => row.chains / row.births, hint: 'the share of the blocks that begin here ' +
      'which realloc changed; a larger start costs the others', show: row => formatPercent(row.chains, row.births)},
  ];
}

function showGrowth(model, section, openDetails) {
  if (!model.knows.details)
    return false;
  const rows = [...model.growth.keys()].map(stack => growthOf(model, stack));
  rows.sort((a, b) => b.chains - a.chains || a.stack - b.stack); /* what is equal in the table stays so */
  const card = section.querySelector('.card');
  if (!rows.length) {
    fill(card, [el('p.quiet', 'No block met realloc.')]);
    return true;
  }
  const total = rows.reduce((sum, row) => sum + row.copied, 0);
  const table = new Table(growthColumns(model, total), {label: 'What realloc grows', sortBy: 'copied',
    onOpen: (row, place) => openDetails(row.stack, step => table.open(place + step))});
  fill(card, [el('p.quiet', `${formatCount(rows.length)} ${plural(rows.length, 'stack begins', 'stacks begin')} buffers that realloc ` +
    'grows. A buffer that starts at the size it ends with is never copied.'), table.element]);
  table.setRows(rows);
  return true;
}

/* Sizes of all allocations, lifetimes of all freed blocks. */
function showSizes(model, section) {
  const columns = section.querySelector('.columns');
  if (model.knows.sizes && model.sizes.size)
    columns.append(el('div.card', el('h3', 'Allocations by size'), histogramView('Allocations by size',
      addHistograms([...model.sizes.values()].map(([, , first, ...counts]) => [first, counts])), formatBytes, formatCount)));
  if (model.knows.details && model.lifetimes.size)
    columns.append(el('div.card', el('h3', 'Freed blocks by lifetime'), histogramView('Freed blocks by lifetime',
      addHistograms([...model.lifetimes.values()].map(([, , , first, ...counts]) => [first, counts])), formatNs, formatCount)));
  return columns.childElementCount > 0;
}
