'use strict';
/* Numbers as captrack-bpf's text reports have them. A value is a number or, beyond 2^53, a string of
 * digits: its digits are shown as they are, and what is figured from it is shown rounded only. */

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

function formatBytes(value) {
  let size = Number(value);
  if (size < 1024)
    return `${Math.round(size)} B`;
  let unit = 0;
  for (size /= 1024; size >= 1023.5; unit++)
    size /= 1024;
  if (size < 1)
    size = 1;
  const tenths = Math.floor(size) * 10 + Math.floor((Math.floor(size % 1 * 1024) * 10 + 512) / 1024);
  if (tenths < 1000)
    return `${(tenths / 10).toFixed(1)} ${UNITS[unit]}`;
  return `${Math.floor(size + 0.5)} ${UNITS[unit]}`;
}

function isExact(value) {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

function groupDigits(digits) {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

function formatCount(value) {
  if (isExact(value))
    return groupDigits(String(value));
  return `\u2248${Number(value).toExponential(2)}`;
}

function formatMs(value) {
  const ms = Number(value), seconds = Math.floor(ms / 1000);
  const two = n => String(n).padStart(2, '0');
  if (ms < 1000)
    return `${ms} ms`;
  if (seconds < 60)
    return `${seconds}.${Math.floor(ms % 1000 / 100)} s`;
  if (seconds < 3600)
    return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  if (seconds < 360000000)
    return `${Math.floor(seconds / 3600)}h ${two(Math.floor(seconds / 60) % 60)}m`;
  return '11+ years';
}

function formatNs(value) {
  const ns = Number(value);
  let tenths = Math.floor(ns / 100);
  if (ns < 1000)
    return `${ns} ns`;
  if (ns >= 1e9)
    return formatMs(Math.floor(ns / 1e6));
  const isMs = tenths >= 10000;
  if (isMs)
    tenths = Math.floor(tenths / 1000);
  const unit = isMs ? 'ms' : 'us';
  return tenths < 1000 ? `${(tenths / 10).toFixed(1)} ${unit}` : `${Math.floor(tenths / 10)} ${unit}`;
}

/* One place, ties to even as C rounds: of all ties only a quarter is rounded otherwise by toFixed(). */
function formatTenths(value) {
  return value % 1 === 0.25 ? `${Math.floor(value)}.2` : value.toFixed(1);
}

function formatPercent(part, total) {
  return `${formatTenths(Number(total) ? 100 * Number(part) / Number(total) : 0)}%`;
}

function plural(count, one, many) {
  return Number(count) === 1 ? one : many;
}

/* What is counted, in the way that it was captured: of a sample all is an estimate, and marked. */
function figuresOf(capture) {
  const mark = capture.sample_bytes ? '~' : '';
  return {
    bytes: value => mark + formatBytes(value),
    count: value => mark + formatCount(value),
    ms: value => mark + formatMs(value),
    share: (part, total) => mark + formatPercent(part, total),
    /* "1,234 B ", with the space; nothing of an estimate, or of what is not exact. */
    allBytes: value => mark || !isExact(value) ? '' : `${formatCount(value)} B `,
    rate: (count, ms) => {
      const rate = Number(ms) ? 1000 * Number(count) / Number(ms) : 0;
      if (rate < 9.95 && Number(count))
        return mark + (rate < 0.095 ? rate.toFixed(3) : formatTenths(rate));
      return mark + formatCount(Math.floor(rate + 0.5));
    },
    bytesRate: (bytes, ms) => mark + formatBytes(Number(ms) ? Math.floor(1000 * Number(bytes) / Number(ms) + 0.5) : 0),
  };
}
