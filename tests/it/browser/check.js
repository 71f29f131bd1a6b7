// What is wrong with the page as it is laid out now: a list of sentences.
(function () {
  var problems = [];
  function all(selector, within) { return [].slice.call((within || document).querySelectorAll(selector)); }
  function box(e) { return e.getBoundingClientRect(); }
  function seen(e) { var r = box(e); return r.width > 0 && r.height > 0 && getComputedStyle(e).visibility !== 'hidden'; }
  var wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > wide) {
    var beyond = all('body *').filter(function (e) { return box(e).right > wide + 0.5 && !e.closest('.scroll,pre'); });
    problems.push('scrolls sideways, for ' + beyond.slice(0, 3).map(function (e) { return e.tagName + '.' + e.className; }).join(', '));
  }
  all('section.fig:not(.table)').forEach(function (section) {
    var shown = all('.plot svg', section).filter(seen);
    if (!shown.length) problems.push(section.id + ' shows no figure');
    if (!section.querySelector('details.tbl table')) problems.push(section.id + ' has no table');
    shown.forEach(function (svg) { figure(section.id, svg); });
  });
  all('.verdicts svg[role=img]').filter(seen).forEach(function (svg) { figure('a verdict', svg); });
  function figure(name, svg) {
    var title = svg.querySelector('title'), desc = svg.querySelector('desc');
    if (!title || !title.textContent.trim() || !desc || !desc.textContent.trim()) problems.push(name + ' has no title or description');
    var frame = box(svg);
    var texts = all('text', svg).filter(seen).map(function (t) { return { words: t.textContent, box: box(t) }; });
    texts.forEach(function (a, i) {
      var outside = a.box.left < frame.left - 1.5 || a.box.right > frame.right + 1.5 || a.box.top < frame.top - 1.5 || a.box.bottom > frame.bottom + 1.5;
      if (outside) problems.push(name + ': "' + a.words + '" leaves its figure');
      texts.slice(i + 1).forEach(function (b) {
        var x = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
        var y = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
        // Boxes are as high as the font allows; letters are lower.
        if (x > 1 && y > 3) problems.push(name + ': "' + a.words + '" lies over "' + b.words + '"');
      });
    });
  }
  var ids = all('[id]').map(function (e) { return e.id; });
  ids.filter(function (id, i) { return ids.indexOf(id) !== i; }).forEach(function (id) { problems.push('two elements are called ' + id); });
  all('a[href^="#"]').forEach(function (a) { if (!document.getElementById(a.hash.slice(1))) problems.push('a link leads nowhere: ' + a.hash); });
  return problems;
})()
