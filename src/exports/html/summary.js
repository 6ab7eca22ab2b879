/* What a report begins with: whose profile it is, how it was captured, what is less than the whole truth, totals. */

function showTitle(model) {
  const {target, capture} = model;
  const command = visible(target.command || target.exe || '(no command)');
  document.title = `${command.slice(0, 80)} \u2013 captrack-bpf`;
  byId('title').textContent = command;
  byId('title').title = command;
  const how = [`pid ${target.pid}, ${target.state}`,
    `captured for ${formatMs(capture.duration_ms)}, ${target.attached_running ? 'attached while it ran' : 'from its start'}`];
  if (capture.allocator)
    how.push(visible(capture.allocator) + (capture.sample_bytes ? '' : ', exact'));
  else if (!capture.sample_bytes)
    how.push('exact');
  byId('subtitle').textContent = how.join('; ');
}

/* As it was given: "512 KiB", "1,000 B". */
function sampleRate(value) {
  let bytes = Number(value), unit = 0;
  for (; bytes && bytes % 1024 === 0 && unit < 3; unit++)
    bytes /= 1024;
  return `${formatCount(bytes)} ${['B', 'KiB', 'MiB', 'GiB'][unit]}`;
}

function modeNotes({capture}) {
  const notes = [];
  if (capture.sample_bytes)
    notes.push(`Sampled, one allocation kept per ${sampleRate(capture.sample_bytes)} on average; what has a ~ is an estimate.`);
  if (capture.allocs_only)
    notes.push('Allocations only: free was not probed, so live and peak are not known.');
  if (capture.no_details)
    notes.push('Without details: sizes, lifetimes, growth and threads were not kept.');
  return notes;
}

function costNote({cost, show}) {
  if (!cost)
    return [];
  const slowdown = cost.beyond ? `${cost.beyond.toFixed(0)}x or more` :
    `${cost.at_least ? 'at least' : 'about'} ${cost.slowdown < 2 ? cost.slowdown.toFixed(2) : formatTenths(cost.slowdown)}x`;
  return [`The capture itself: ${show.count(cost.events)} events, which slowed the target down ${slowdown}.`];
}

function attachedNote(model) {
  if (!model.target.attached_running)
    return [];
  const freed = model.unmatchedFrees === undefined ? '' :
    `; ${formatCount(model.unmatchedFrees)} of them were freed in it`;
  return [`Blocks from before the capture are not counted${freed}.`];
}

/* One stack of a thousand is no reason to worry, half of all bytes are; and why. */
function truncatedShare(model) {
  let bytes = 0;
  for (const stack of model.truncated.keys())
    bytes += model.figures.allocated_bytes.numbers[stack];
  const share = Number(model.totals.allocated_bytes) ?
    ` (${model.show.share(bytes, model.totals.allocated_bytes)} of the bytes allocated)` : '';
  return share + model.reasons.filter(one => Number(one.count))
    .map(one => `; ${formatCount(one.count)}: ${one.sentence}`).join('');
}

function warningView(model, warning) {
  const more = warning.name === 'truncated_stacks' ? truncatedShare(model) : '';
  return el('p.warning', {role: 'note'}, el('b', warning.name), ` ${formatCount(warning.count)}: ${warning.sentence}${more}`);
}

function placeLine(what, model, calls) {
  return el('p.place', el('span', what), calls ? chainOf(model, calls) : 'where is not known');
}

function doubleFreesView(model) {
  if (!model.doubleFrees.length)
    return [];
  const freeCalls = index => index === null ? null : model.freeStacks[index].map(call => model.calls[call]);
  return el('details.warning', {open: model.doubleFrees.length <= 3},
    el('summary', 'Freed twice, with no allocation at the address in between'),
    model.doubleFrees.slice(0, 1000).map(([stack, freedBy, againBy, count]) => el('div.twice',
      el('p', `${formatCount(count)} ${plural(count, 'block was', 'blocks were')}`),
      placeLine('allocated', model, stack === null ? null : model.callsOf(stack)),
      placeLine('freed', model, freeCalls(freedBy)), placeLine('and again', model, freeCalls(againBy)))));
}

/* [name, value, explanation], in the words of the text report. */
function totalsOf({totals, capture, knows, show}) {
  const rows = [];
  if (knows.frees) {
    rows.push(['peak', show.bytes(totals.peak_bytes),
      `${show.allBytes(totals.peak_bytes)}in ${show.count(totals.peak_allocs)} blocks, after ${show.ms(totals.peak_ms)}`]);
    rows.push(['live', show.bytes(totals.live_bytes),
      `${show.allBytes(totals.live_bytes)}in ${show.count(totals.live_allocs)} blocks, ${capture.running ? 'now' : 'at the end'}`]);
  }
  rows.push(['allocated', show.bytes(totals.allocated_bytes),
    `${show.allBytes(totals.allocated_bytes)}in ${show.count(totals.allocs)} allocations`]);
  if (knows.frees)
    rows.push(['freed', show.bytes(totals.freed_bytes), `${show.allBytes(totals.freed_bytes)}in ${show.count(totals.frees)} frees`]);
  if (Number(capture.duration_ms) && Number(totals.allocs)) {
    const frees = knows.frees ? `, ${show.rate(totals.frees, capture.duration_ms)} frees` : '';
    rows.push(['rate', `${show.bytesRate(totals.allocated_bytes, capture.duration_ms)}/s`,
      `${show.rate(totals.allocs, capture.duration_ms)} allocations${frees} a second`]);
  }
  rows.push(['reallocs', show.count(totals.reallocs), reallocsText(totals, knows, show)]);
  if (knows.temporary)
    rows.push(['temporary', show.count(totals.temporary_allocs),
      `${show.share(totals.temporary_allocs, totals.allocs)} of allocations: freed before the next one on their thread`]);
  if (knows.all && Number(totals.failed_allocs))
    rows.push(['failed', show.count(totals.failed_allocs), 'allocations returned NULL']);
  return rows;
}

function reallocsText(totals, knows, show) {
  if (knows.details && (Number(totals.grown_in_place) || Number(totals.moved)))
    return `each an allocation and a free; ${show.count(totals.grown_in_place)} grew in place, ` +
      `${show.count(totals.moved)} moved ${show.bytes(totals.moved_bytes)}`;
  return knows.frees ? 'each counts as an allocation, and as a free of the old block' : 'each counts as an allocation';
}

function showSummary(model) {
  showTitle(model);
  const notes = [...modeNotes(model), ...attachedNote(model), ...costNote(model)];
  fill(byId('notes'), [model.warnings.map(warning => warningView(model, warning)), doubleFreesView(model),
    notes.length ? el('p.note', notes.join(' ')) : null]);
  const main = model.knows.frees ? ['peak', 'live'] : ['allocated'];
  fill(byId('totals'), totalsOf(model).map(([name, value, text]) =>
    el(main.includes(name) ? 'div.tile.main' : 'div.tile', el('dt', name), el('dd.value', value), el('dd.text', text))));
  const {tool, kernel, arch} = model.capture;
  byId('footer').textContent = `${tool}; Linux ${visible(kernel ?? '?')}, ${visible(arch ?? '?')}; ` +
    `captured ${new Date(Number(model.target.start_ms)).toLocaleString()}; ${formatCount(model.nStacks)} stacks`;
}
