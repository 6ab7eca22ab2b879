/* The comparison: what an entry was, is, and is called. An entry is [stacks of base, of new, figures of base, of new,
 * calls innermost first]. */

/* Characters that steer terminals and order of text are shown as what they are. */
function visible(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    sign => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function baseName(path) {
  return path ? path.slice(path.lastIndexOf('/') + 1) || path : '?';
}

function describeCall(call) {
  const file = call.file && baseName(call.file), object = baseName(call.object);
  call.name = visible(call.function ?? (call.inlined ? '?' : `${object}+${call.offset}`));
  call.place = visible(file ? (call.line ? `${file}:${call.line}` : file) : call.object ? object : '');
  call.group = `${call.function ?? ''}\n${file ?? object}`;
  call.text = `${call.name}\n${visible(call.file ?? '')}\n${visible(call.object ?? '')}`.toLowerCase();
}

class Model {
  constructor(data) {
    Object.assign(this, data);
    this.calls.forEach(describeCall);
    this.figure = this.figures.findIndex(figure => figure.name === this.by);
    this.mark = this.estimate ? '~' : '';
  }

  baseOf(entry) {
    return Number(entry[2][this.figure]);
  }

  newOf(entry) {
    return Number(entry[3][this.figure]);
  }

  /* Exact also of numbers that are strings, for those are more than doubles hold. */
  deltaOf(entry) {
    return difference(entry[2][this.figure], entry[3][this.figure]);
  }

  callsOf(entry) {
    return entry[4].map(call => this.calls[call]);
  }

  ownCalls(entry) {
    const calls = this.callsOf(entry), own = calls.filter(call => !call.isRuntime && !call.isStart);
    return own.length ? own : calls;
  }

  change(entry) {
    const delta = this.deltaOf(entry);
    if (!delta)
      return 'unchanged';
    if (!entry[0])
      return 'appeared';
    if (!entry[1])
      return 'went';
    return delta > 0 ? 'grew' : 'shrank';
  }

  value(value, isBytes = this.figures[this.figure].bytes) {
    return this.mark + (isBytes ? formatBytes(value) : formatCount(value));
  }

  delta(delta, isBytes = this.figures[this.figure].bytes) {
    const size = Math.abs(delta);
    return `${this.mark}${delta < 0 ? '-' : delta > 0 ? '+' : ''}${delta ? (isBytes ? formatBytes(size) : formatCount(size)) : '0'}`;
  }
}

function difference(base, now) {
  return typeof base === 'string' || typeof now === 'string' ? Number(BigInt(now) - BigInt(base)) : now - base;
}

/* As in the text: "+45.0%", "x 12.3"; of nothing that became something nothing. */
function formatGrowth(base, now) {
  const ratio = Number(base) ? Number(now) / Number(base) : 0;
  if (!Number(base) || ratio === 1)
    return '';
  if (ratio >= 10)
    return ratio >= 1000 ? 'x 1000+' : `x ${ratio.toFixed(1)}`;
  return `${ratio < 1 ? '' : '+'}${(100 * (ratio - 1)).toFixed(1)}%`;
}

function changeClass(delta) {
  return delta > 0 ? 'span.more' : delta < 0 ? 'span.less' : 'span.zero';
}
