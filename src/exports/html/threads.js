/* Who of the threads allocates, and who frees. */

function threadColumns(model) {
  const {show, totals} = model;
  const figure = (name, title, format, hint) => ({name, title, hint, width: 120, key: thread => Number(thread[name]),
    show: thread => format(thread[name])});
  const columns = [
    {name: 'name', title: 'Name', isText: true, key: thread => thread.name ?? '?', show: thread => visible(thread.name ?? '?')},
    {name: 'tid', title: 'tid', width: 96, key: thread => thread.tid, show: thread => thread.tid || '-'},
    figure('allocated_bytes', 'Allocated', show.bytes),
    {name: 'share', title: 'Share', width: 92, key: thread => Number(thread.allocated_bytes),
      show: thread => show.share(thread.allocated_bytes, totals.allocated_bytes)},
    figure('allocs', 'Allocations', show.count),
  ];
  if (model.knows.frees)
    columns.push(figure('frees', 'Frees', show.count, 'that the thread made, of any thread\u2019s blocks'),
      figure('live_bytes', 'Live', show.bytes, 'of its own, whoever frees them'),
      figure('live_allocs', 'Live blocks', show.count, 'of its own, whoever frees them'));
  return columns;
}

function showThreads(model, section) {
  if (!model.threads)
    return false;
  const table = new Table(threadColumns(model), {label: 'Threads', sortBy: 'allocated_bytes'});
  const crossed = model.totals.cross_thread_frees;
  fill(section.querySelector('.card'), [table.element, crossed === undefined ? null : el('p.quiet',
    `${formatCount(crossed)} ${plural(crossed, 'block was', 'blocks were')} freed by another thread than allocated them.`)]);
  table.setRows(model.threads);
  return true;
}
