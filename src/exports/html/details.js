/* One stack with all that is known of it, in a drawer beside the page. */

function framesView(model, stack) {
  const calls = model.callsOf(stack);
  return el('ol.frames', {'aria-label': 'Frames, innermost first'}, calls.slice(0, 2000).map(call =>
    el(call.flags & RUNTIME ? 'li.runtime' : 'li', el('span.name', visible(call.name)),
      call.flags & INLINED ? el('span.tag', 'inlined') : null,
      el('span.where', {title: visible(call.file || call.object)}, visible(placeOf(call))))),
  calls.length > 2000 ? el('li', `and ${formatCount(calls.length - 2000)} more`) : null);
}

function whyTruncated(model, stack) {
  const why = model.truncated.get(stack);
  if (!why)
    return null;
  const reason = model.reasons[why[0]];
  return el('p.warning', `The stack is not whole${reason ? `: ${reason.sentence}` : ''}.`);
}

function figuresView(model, stack) {
  const {show} = model;
  return el('dl.figures', FIGURES.filter(([name]) => model.figures[name]).map(([name, title, isBytes, hint]) => {
    const value = model.figures[name].at(stack);
    const exact = isBytes && Number(value) >= 1024 ? show.allBytes(value).trim() : '';
    return el('div', {title: hint}, el('dt', title), el('dd', isBytes ? show.bytes(value) : show.count(value)),
      exact ? el('dd.exact', exact) : null);
  }));
}

function part(title, ...children) {
  return el('section.part', el('h3', title), children);
}

function sizesPart(model, stack) {
  const sizes = model.sizes.get(stack);
  if (!sizes)
    return null;
  const [min, max, first, ...counts] = sizes, low = formatBytes(min), high = formatBytes(max);
  return part('Sizes', el('p', low === high ? `${low} each` : `${low} to ${high} each`),
    histogramView('Allocations by size', histogramOf(first, counts), formatBytes, formatCount));
}

function lifetimesPart(model, stack) {
  const lifetimes = model.lifetimes.get(stack);
  if (!lifetimes)
    return null;
  const [min, max, sum, first, ...counts] = lifetimes, count = counts.reduce((all, one) => all + Number(one), 0);
  const low = formatNs(min), high = formatNs(max);
  const mean = sum !== null && count ? `, mean ${formatNs(Math.floor(Number(sum) / count))}` : '';
  return part('Lifetimes', el('p', low === high ? `lived ${low}` : `lived ${low} to ${high}${mean}`),
    histogramView('Freed blocks by lifetime', histogramOf(first, counts), formatNs, formatCount));
}

function agesPart(model, stack) {
  const ages = model.ages.get(stack);
  if (!ages)
    return null;
  const [min, max, mean, startup] = ages, low = formatNs(min), high = formatNs(max);
  const early = Number(startup) && Number(model.capture.duration_ms) > 1000 ?
    `; ${formatCount(startup)} from the capture\u2019s first second` : '';
  return part('What lives', el('p', (low === high ? `alive for ${high}` : `alive for ${low} to ${high}, mean ${formatNs(mean)}`) + early));
}

function leakPart(model, stack) {
  const leak = model.leaks.get(stack);
  return leak ? part('Leak', el('p.warn', `growing by ${model.show.bytes(leak[1])}/s, score ${leak[0].toFixed(2)} of 1`)) : null;
}

function growthPart(model, stack) {
  const growth = growthOf(model, stack);
  if (!growth)
    return null;
  return part('Growth', el('p', growthSentence(model, growth)), el('p.quiet', growthBasis(model, growth)),
    el('dl.figures', [['Chains', formatCount(growth.chains)], ['Steps', formatCount(growth.steps)],
      ['Median end', growth.kept ? formatBytes(growth.median) : null], ['p95 end', growth.kept ? formatBytes(growth.p95) : null],
      ['Copied at worst', formatBytes(growth.copied)]].filter(([, value]) => value !== null)
      .map(([name, value]) => el('div', el('dt', name), el('dd', value)))));
}

function freedByPart(model, stack) {
  const values = model.freedBy.get(stack);
  if (!values)
    return null;
  const rows = [];
  for (let i = 0; i < values.length; i += 3)
    rows.push({calls: model.freeStacks[values[i]] ?? [], frees: values[i + 1], elsewhere: values[i + 2]});
  rows.sort((a, b) => Number(b.frees) - Number(a.frees));
  return part('Freed by', el('ul.plain', rows.slice(0, 200).map(row => el('li', el('b', formatCount(row.frees)), ' ',
    Number(row.elsewhere) ? el('span.quiet', `(${formatCount(row.elsewhere)} by another thread) `) : null,
    chainOf(model, row.calls.map(call => model.calls[call]))))));
}

class Details {
  constructor(model, dialog) {
    this.model = model;
    this.dialog = dialog;
    this.title = el('h2#details-title');
    this.moves = [[-1, '\u2191', 'Previous stack'], [1, '\u2193', 'Next stack']].map(([by, text, label]) =>
      el('button.button', {type: 'button', 'aria-label': label, title: label, onclick: () => this.step(by)}, text));
    this.content = el('div.content');
    dialog.append(el('div.drawer', el('header', this.title, this.moves,
      el('button.button', {type: 'button', 'aria-label': 'Close', title: 'Close', onclick: () => dialog.close()}, '\u2715')), this.content));
    dialog.addEventListener('click', event => {
      if (event.target === dialog) /* beside the drawer */
        dialog.close();
    });
  }

  /* step(-1), step(1) open the stack before, after it in the table. */
  open(stack, step) {
    const {model, dialog} = this, [first] = model.ownCalls(model.callsOf(stack));
    this.step = step;
    this.title.textContent = visible(first.name);
    this.content.replaceChildren(...[whyTruncated(model, stack), leakPart(model, stack), part('Frames', framesView(model, stack)),
      part('Figures', figuresView(model, stack)), growthPart(model, stack), agesPart(model, stack), sizesPart(model, stack),
      lifetimesPart(model, stack), freedByPart(model, stack)].filter(Boolean));
    if (!dialog.open)
      dialog.showModal();
    dialog.scrollTop = 0;
  }
}
