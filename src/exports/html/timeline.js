/* Live bytes over time (where free is not probed: bytes allocated), RSS beside it, and the peak. */

const CHART = {height: 240, left: 68, right: 16, top: 26, bottom: 26, mostPoints: 3000};

/* Round steps, up to the largest value: of bytes powers of two. */
function byteTicks(most) {
  const step = 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(1, most) / 4)));
  return ticksTo(most, step);
}

function timeTicks(most, wanted) {
  const rough = Math.max(1, most / wanted), power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(n => n * power).find(one => one >= rough);
  return ticksTo(most, step);
}

function ticksTo(most, step) {
  const ticks = [];
  for (let i = 0; i * step <= most && i < 50; i++)
    ticks.push(i * step);
  return ticks;
}

/* The peak of each of so many parts, for no screen has room for more. */
function thinned(points, most) {
  if (points.length <= most)
    return points;
  const kept = [], size = Math.ceil(points.length / most);
  for (let i = 0; i < points.length; i += size) {
    const part = points.slice(i, i + size);
    kept.push(part.reduce((best, one) => one.value > best.value ? one : best), part[part.length - 1]);
  }
  return kept;
}

class Timeline {
  constructor(model, element) {
    this.model = model;
    const {timeline} = model;
    this.name = model.knows.frees ? 'live_bytes' : 'allocated_bytes';
    this.title = model.knows.frees ? 'Live' : 'Allocated until then';
    this.points = timeline.ms.map((ms, i) => ({
      ms: Number(ms), value: Number(timeline[this.name][i]), exact: timeline[this.name][i],
      blocks: timeline.live_allocs?.[i], rss: Number(timeline.rss_bytes[i]), isPeak: timeline.is_peak[i] === 1,
    })).filter(point => model.knows.frees || !point.isPeak);
    this.hasRss = this.points.some(point => point.rss);
    this.mostMs = Math.max(1, Number(model.capture.duration_ms) || 0, ...thinned(this.points.map(
      point => ({value: point.ms})), CHART.mostPoints).map(point => point.value));
    this.most = this.points.reduce((most, point) => Math.max(most, point.value, point.rss), 1);
    this.at = -1;
    this.svg = svg('svg.timeline', {tabindex: '0', role: 'img', 'aria-label': this.describe(), onkeydown: event => this.onKey(event),
      onmousemove: event => this.onMove(event), onmouseleave: () => this.leave(), onblur: () => this.leave()});
    this.status = el('p.status', {role: 'status', 'aria-live': 'polite'});
    fill(element, [el('div.tools', this.legend(), el('span.push'), this.status), this.svg]);
    new ResizeObserver(oncePerFrame(() => this.draw())).observe(this.svg);
  }

  describe() {
    const {totals, knows, show} = this.model;
    const peak = knows.frees ? `, peak ${show.bytes(totals.peak_bytes)} after ${show.ms(totals.peak_ms)}` : '';
    return `${this.title} bytes over ${formatMs(this.mostMs)}${peak}; arrow keys go through the snapshots`;
  }

  legend() {
    return el('p.legend', el('span.key.live', this.title), this.hasRss ? el('span.key.rss', 'RSS of the process') : null,
      this.model.knows.frees ? el('span.key.peak', 'Peak') : null);
  }

  x(ms) {
    return CHART.left + ms / this.mostMs * (this.width - CHART.left - CHART.right);
  }

  y(value) {
    return CHART.height - CHART.bottom - value / this.most * (CHART.height - CHART.top - CHART.bottom);
  }

  line(points, value) {
    return points.map(point => `${this.x(point.ms).toFixed(1)},${this.y(value(point)).toFixed(1)}`).join(' ');
  }

  draw() {
    this.width = Math.max(240, this.svg.clientWidth);
    this.svg.setAttribute('viewBox', `0 0 ${this.width} ${CHART.height}`);
    const points = [{ms: 0, value: 0}, ...thinned(this.points, CHART.mostPoints)], base = this.y(0);
    const last = points[points.length - 1];
    this.cursor = svg('g.cursor');
    this.svg.replaceChildren(this.grid(),
      svg('polygon.area', {points: `${this.line(points, point => point.value)} ${this.x(last.ms)},${base} ${this.x(0)},${base}`}),
      this.hasRss ? svg('polyline.rss', {points: this.line(points.filter(point => point.rss), point => point.rss)}) : '',
      svg('polyline.live', {points: this.line(points, point => point.value)}),
      this.peak() ?? '', this.cursor);
    this.drawCursor();
  }

  grid() {
    const {left, right, height, bottom} = CHART;
    return svg('g.grid', {'aria-hidden': 'true'},
      byteTicks(this.most).map(value => [
        svg('line', {x1: left, x2: this.width - right, y1: this.y(value), y2: this.y(value)}),
        svg('text.end', {x: left - 8, y: this.y(value) + 4}, formatBytes(value))]),
      timeTicks(this.mostMs, Math.max(2, Math.floor(this.width / 110))).map(ms =>
        svg('text.middle', {x: this.x(ms), y: height - bottom + 18}, formatMs(ms))));
  }

  peak() {
    const {totals, knows, show} = this.model;
    if (!knows.frees || !Number(totals.peak_bytes))
      return null;
    const x = this.x(Number(totals.peak_ms)), y = this.y(Number(totals.peak_bytes));
    const isRight = x > this.width / 2;
    return svg('g.peak', svg('line', {x1: x, x2: x, y1: y, y2: this.y(0)}), svg('circle', {cx: x, cy: y, r: 4.5}),
      svg(isRight ? 'text.end' : 'text', {x: x + (isRight ? -10 : 10), y: y - 8},
        `peak ${show.bytes(totals.peak_bytes)} after ${show.ms(totals.peak_ms)}`));
  }

  textOf(point) {
    const {show} = this.model, lines = [`${show.bytes(point.exact)} ${this.title.toLowerCase()}`];
    const exact = show.allBytes(point.exact).trim();
    lines.push([formatMs(point.ms) + (point.isPeak ? ', the peak' : ''), exact].filter(Boolean).join(' \u00b7 '));
    if (point.blocks !== undefined)
      lines.push(`in ${show.count(point.blocks)} ${plural(point.blocks, 'block', 'blocks')}`);
    if (point.rss)
      lines.push(`RSS ${formatBytes(point.rss)}`);
    return lines;
  }

  onMove(event) {
    const box = this.svg.getBoundingClientRect(), x = event.clientX - box.left;
    let best = -1, near = Infinity;
    this.points.forEach((point, i) => {
      const distance = Math.abs(this.x(point.ms) - x) - (point.isPeak ? 0.01 : 0);
      if (distance < near)
        [best, near] = [i, distance];
    });
    this.at = best;
    this.drawCursor();
    if (best >= 0)
      tooltip.show(event.clientX, event.clientY, this.textOf(this.points[best]));
  }

  onKey(event) {
    const last = this.points.length - 1;
    const to = {ArrowRight: Math.min(last, this.at + 1), ArrowLeft: Math.max(0, this.at - 1), Home: 0, End: last}[event.key];
    if (to === undefined || last < 0)
      return;
    event.preventDefault();
    this.at = to;
    this.drawCursor();
    this.status.textContent = this.textOf(this.points[to]).join(' \u00b7 ');
  }

  leave() {
    this.at = -1;
    this.drawCursor();
    this.status.textContent = '';
    tooltip.hide();
  }

  drawCursor() {
    const point = this.points[this.at];
    if (!this.cursor)
      return;
    this.cursor.replaceChildren();
    if (!point)
      return;
    const x = this.x(point.ms);
    this.cursor.append(svg('line', {x1: x, x2: x, y1: CHART.top, y2: this.y(0)}),
      svg('circle.live', {cx: x, cy: this.y(point.value), r: 3.5}));
    if (point.rss)
      this.cursor.append(svg('circle.rss', {cx: x, cy: this.y(point.rss), r: 3.5}));
  }
}

function showTimeline(model, section) {
  if (!model.timeline.ms.length)
    return false;
  return new Timeline(model, section.querySelector('.card'));
}
