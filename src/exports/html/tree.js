/* Stacks merged by function, as a flame graph shows them: from main down, or from the allocation up. */

/* Numbers for pairs of numbers, in the order in which they are first asked for, from 1 on. */
class Pairs {
  constructor() {
    this.n = 0;
    this.first = [0];
    this.second = [0];
    this.slots = new Int32Array(1 << 16);
  }

  slotOf(first, second) {
    const mask = this.slots.length - 1;
    let slot = (Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b));
    slot = (slot ^ slot >>> 15) & mask;
    while (this.slots[slot] && (this.first[this.slots[slot]] !== first || this.second[this.slots[slot]] !== second))
      slot = slot + 1 & mask;
    return slot;
  }

  number(first, second) {
    const slot = this.slotOf(first, second);
    if (this.slots[slot])
      return this.slots[slot];
    this.first.push(first);
    this.second.push(second);
    this.slots[slot] = ++this.n;
    if (this.n * 2 > this.slots.length)
      this.grow();
    return this.n;
  }

  grow() {
    this.slots = new Int32Array(this.slots.length * 2);
    for (let i = 1; i <= this.n; i++)
      this.slots[this.slotOf(this.first[i], this.second[i])] = i;
  }
}

/* Calls of one function are one group, whatever their lines. Of code without names each place is one: a program
 * without symbols would be a column of its own name. */
function groupCalls(model) {
  const numbers = new Map(), groups = [];
  const ofCall = Int32Array.from(model.calls, call => {
    const key = [call.name, call.file, call.file ? '' : baseName(call.object)].join('\n');
    if (!numbers.has(key)) {
      numbers.set(key, groups.length);
      groups.push({name: call.name, object: call.object, flags: call.flags, calls: []});
    }
    groups[numbers.get(key)].calls.push(call);
    return numbers.get(key);
  });
  return {groups, ofCall};
}

class FlameTree {
  constructor(model, grouped, isBottomUp) {
    this.model = model;
    this.groups = grouped.groups;
    const pairs = new Pairs();
    this.ends = isBottomUp ? this.fromEnds(pairs, grouped.ofCall) : this.fromRoot(pairs, grouped.ofCall);
    this.parent = Int32Array.from(pairs.first);
    this.group = Int32Array.from(pairs.second);
    this.n = pairs.n + 1;
    this.link();
  }

  fromRoot(pairs, ofCall) {
    const {nodeCall, nodeParent, ends} = this.model, merged = new Int32Array(nodeCall.length);
    for (let node = 1; node < nodeCall.length; node++)
      merged[node] = pairs.number(merged[nodeParent[node]], ofCall[nodeCall[node]]);
    return ends.map(end => merged[end]);
  }

  fromEnds(pairs, ofCall) {
    const {nodeCall, nodeParent, ends} = this.model;
    return ends.map(end => {
      let merged = 0;
      for (let node = end; node; node = nodeParent[node])
        merged = pairs.number(merged, ofCall[nodeCall[node]]);
      return merged;
    });
  }

  link() {
    this.child = new Int32Array(this.n);
    this.next = new Int32Array(this.n);
    this.depth = new Int32Array(this.n);
    for (let node = 1; node < this.n; node++) {
      const parent = this.parent[node];
      this.depth[node] = this.depth[parent] + 1;
      this.next[node] = this.child[parent];
      this.child[parent] = node;
    }
  }

  /* A figure of the stacks, summed up the tree; parents come before their children. */
  sums(figure) {
    const sums = new Float64Array(this.n), {numbers} = this.model.figures[figure];
    for (let stack = 0; stack < numbers.length; stack++)
      sums[this.ends[stack]] += numbers[stack];
    for (let node = this.n - 1; node > 0; node--)
      sums[this.parent[node]] += sums[node];
    return sums;
  }

  /* Children that have any of it, the largest first. */
  childrenOf(node, sums) {
    const children = [];
    for (let child = this.child[node]; child; child = this.next[child]) {
      if (sums[child] > 0)
        children.push(child);
    }
    return children.sort((a, b) => sums[b] - sums[a] || a - b);
  }

  /* Which nodes contain the text; how much goes through any of them, each byte counted once. */
  search(text, sums) {
    const wanted = text.toLowerCase();
    const matches = Uint8Array.from(this.groups, group => group.calls.some(call => callText(call).includes(wanted)) ? 1 : 0);
    const below = new Uint8Array(this.n);
    let value = 0, count = 0;
    for (let node = 1; node < this.n; node++) {
      const isMatch = matches[this.group[node]];
      if (isMatch && !below[this.parent[node]])
        value += sums[node];
      below[node] = below[this.parent[node]] | isMatch;
      count += isMatch && sums[node] > 0 ? 1 : 0;
    }
    return {matches, value, count};
  }

  nameOf(node) {
    return node ? visible(this.groups[this.group[node]].name) : 'all';
  }

  /* "buf.c:12, 15", "libc.so.6" */
  placeOf(node) {
    if (!node)
      return '';
    const {calls} = this.groups[this.group[node]], [first] = calls;
    if (!first.file)
      return '';
    const lines = [...new Set(calls.map(call => call.line).filter(Boolean))].sort((a, b) => a - b);
    const shown = lines.slice(0, 4).join(', ') + (lines.length > 4 ? ', \u2026' : '');
    return visible(baseName(first.file) + (shown ? `:${shown}` : ''));
  }

  objectOf(node) {
    const group = this.groups[this.group[node]];
    return !node || group.flags & NAMELESS ? '' : visible(baseName(group.object));
  }
}
