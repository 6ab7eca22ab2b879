/* Puts the page together. */

/* As the system has it, until the button says otherwise. */
function setUpTheme(redraw) {
  const root = document.documentElement, button = byId('theme'), prefersDark = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (root.dataset.theme ?? (prefersDark.matches ? 'dark' : 'light')) === 'dark';
  const show = () => {
    button.textContent = isDark() ? 'Light' : 'Dark';
    button.setAttribute('aria-label', `Switch to ${isDark() ? 'light' : 'dark'} colors`);
    redraw();
  };
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    show();
  });
  prefersDark.addEventListener('change', show);
  let before;
  addEventListener('beforeprint', () => {
    before = root.dataset.theme;
    root.dataset.theme = 'light';
    redraw();
  });
  addEventListener('afterprint', () => {
    if (before)
      root.dataset.theme = before;
    else
      delete root.dataset.theme;
    redraw();
  });
  show();
}

function showEmpty(model) {
  const {capture} = model;
  const text = !capture.allocator ? 'Nothing was allocated: no allocator was found in the process.' :
    capture.sample_bytes ? 'No allocation was kept while the capture ran.' : 'Nothing was allocated while the capture ran.';
  byId('notes').append(el('p.note', text));
}

function start() {
  const model = new Model(JSON.parse(byId('data').textContent));
  byId('data').remove();
  showSummary(model);
  const details = new Details(model, byId('details'));
  const openDetails = (stack, step) => details.open(stack, step);
  let flame;
  const isEmpty = !model.nStacks;
  if (isEmpty)
    showEmpty(model);
  const sections = {
    summary: () => true,
    timeline: section => showTimeline(model, section),
    flame: section => {
      if (!isEmpty)
        flame = new Flame(model, section.querySelector('.card'));
      return !isEmpty;
    },
    stacks: section => !isEmpty && new Stacks(model, section.querySelector('.card'), openDetails),
    growth: section => !isEmpty && showGrowth(model, section, openDetails),
    sizes: section => showSizes(model, section),
    threads: section => showThreads(model, section),
  };
  for (const [id, show] of Object.entries(sections)) {
    const section = byId(id);
    if (show(section))
      byId('nav').append(el('li', el('a', {href: `#${id}`}, section.querySelector('h2')?.textContent ?? 'Summary')));
    else
      section.remove();
  }
  setUpTheme(() => flame?.draw());
}

start();
