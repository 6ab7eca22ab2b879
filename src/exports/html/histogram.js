/* How many values there are of each power of two, as bars with their numbers. */

/* Values of so many bits: "0", "1", "64 to 127". */
function rangeOf(bits, format) {
  const low = bits ? 2 ** (bits - 1) : 0, high = bits ? 2 ** bits - 1 : 0;
  return low === high ? format(low) : `${format(low)} \u2013 ${format(high)}`;
}

/* classes: [{bits, count}], by bits; what is between them and empty is shown, too. */
function histogramView(label, classes, format, count) {
  const counted = new Map(classes.map(one => [one.bits, one.count]));
  const used = classes.filter(one => Number(one.count)).map(one => one.bits);
  if (!used.length)
    return el('p.quiet', 'Nothing was counted.');
  const most = Math.max(...classes.map(one => Number(one.count)));
  const rows = [];
  for (let bits = Math.min(...used); bits <= Math.max(...used); bits++) {
    const value = counted.get(bits) ?? 0;
    const bar = el('span.fillbar');
    bar.style.width = `${Number(value) ? Math.max(0.5, 100 * Number(value) / most) : 0}%`;
    rows.push(el('tr', el('th', {scope: 'row'}, rangeOf(bits, format)),
      el('td.bar', el('span.track', {'aria-hidden': 'true'}, bar)), el('td.count', count(value))));
  }
  return el('table.histogram', {'aria-label': label}, el('tbody', rows));
}

/* Histograms of many stacks as one: parts are [first bits, counts]. */
function addHistograms(parts) {
  const sums = new Array(65).fill(0);
  for (const [first, counts] of parts)
    counts.forEach((count, i) => { sums[first + i] += Number(count); });
  return sums.map((count, bits) => ({bits, count})).filter(one => one.count);
}
