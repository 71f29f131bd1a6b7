(function () {
  'use strict';
  function all(selector, within) { return [].slice.call((within || document).querySelectorAll(selector)); }

  // ---- Light and dark ----
  var root = document.documentElement;
  var box = document.querySelector('.theme');
  box.hidden = false;
  function setTheme(value) {
    if (value) root.setAttribute('data-theme', value);
    else root.removeAttribute('data-theme');
  }
  try {
    var saved = localStorage.getItem('windtunnel-theme') || '';
    setTheme(saved);
    box.querySelector('input[value="' + saved + '"]').checked = true;
  } catch (e) { /* no storage: the system's theme */ }
  box.addEventListener('change', function (event) {
    setTheme(event.target.value);
    try { localStorage.setItem('windtunnel-theme', event.target.value); } catch (e) { /* not kept */ }
  });
  window.addEventListener('beforeprint', function () {
    all('details.file').forEach(function (d) { d.open = true; });
  });

  // ---- One cursor and one stretch of time for all figures over time ----
  var svgs = all('svg.time');
  if (!svgs.length) return;
  var data = JSON.parse(document.getElementById('data').textContent);
  var n = data.t.length;
  var end = data.t[n - 1] + data.w;
  var current = -1;
  // What is shown of the run, from 0 to 1.
  var view = [0, 1];
  var closest = Math.min(1, 6 / n);
  var outputs = all('output.read');
  outputs.forEach(function (o) { o.idle = o.innerHTML; });
  all('.keys').forEach(function (p) { p.hidden = false; });

  function clock(s, step) {
    var tenths = step && step < 1;
    var whole = tenths ? Math.floor(s + 1e-9) : Math.round(s);
    var h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60, sec = ('0' + whole % 60).slice(-2);
    if (h >= 72) return Math.floor(h / 24) + '\u00a0d' + (h % 24 || m ? '\u00a0' + h % 24 + ':' + ('0' + m).slice(-2) : '');
    if (tenths) sec += (s - whole).toFixed(step < 0.1 ? 2 : 1).slice(1);
    return h ? h + ':' + ('0' + m).slice(-2) + ':' + sec : m + ':' + sec;
  }
  function thousands(x) { return String(x).replace(/\B(?=(\d{3})+$)/g, ','); }
  var format = {
    pct: function (v) { v *= 100; return (v < 0.05 ? '0' : v > 99 ? v.toFixed(2) : v.toFixed(1)) + '\u00a0%'; },
    ms: function (v) {
      v *= 1000;
      return v >= 1000 ? (v / 1000).toFixed(2) + '\u00a0s' : (v < 100 ? v.toFixed(1) : Math.round(v)) + '\u00a0ms';
    },
    n: function (v) {
      // What is small shows two digits, and is not zero.
      if (v > 0 && v < 0.05) return v.toFixed(Math.min(9, 1 - Math.floor(Math.log10(v))));
      return v < 0.05 ? '0' : v < 10 ? v.toFixed(1) : thousands(Math.round(v));
    },
    money: function (v) { return '$' + (v < 10 ? v.toFixed(2) : thousands(Math.round(v))); }
  };
  function element(name, attributes, parent) {
    var made = document.createElementNS('http://www.w3.org/2000/svg', name);
    Object.keys(attributes).forEach(function (key) { made.setAttribute(key, attributes[key]); });
    if (parent) parent.appendChild(made);
    return made;
  }
  // A reading is text that the file brought along: it is set as text, never as markup.
  function item(label, token, value, interval) {
    var i = document.createElement('i'), s = document.createElement('s');
    s.style.background = 'var(--' + token + ')';
    i.appendChild(s);
    i.appendChild(document.createTextNode(label + ' ' + value));
    if (interval) {
      i.appendChild(document.createTextNode(' '));
      i.appendChild(document.createElement('span')).textContent = interval;
    }
    return i;
  }
  function read(output, figure, at) {
    var head = document.createElement('b');
    var step = data.w < 1 ? data.w : 1;
    head.textContent = clock(data.t[at], step) + '\u2013' + clock(data.t[at] + data.w, step);
    output.textContent = '';
    output.appendChild(head);
    figure.s.forEach(function (q) {
      var f = format[figure.f], v = q[2];
      if (v[0][at] === null) { output.appendChild(item(q[0], q[1], 'no data')); return; }
      var low = v.length > 1 ? f(v[1][at]) : '', high = v.length > 1 ? f(v[2][at]) : '';
      function bare(text) { return text.replace(/\u00a0.*/, ''); }
      output.appendChild(item(q[0], q[1], f(v[0][at]) + (q[3] || ''), low === high ? '' : '(' + bare(low) + '\u2013' + bare(high) + ')'));
    });
  }

  // From a part of the run to a place in a figure, and back.
  function across(s) { return s.right - s.left; }
  function place(s, part) { return s.left + (part - view[0]) / (view[1] - view[0]) * across(s); }
  function part(s, event) {
    var r = s.svg.getBoundingClientRect(), x = (event.clientX - r.left) * s.svg.viewBox.baseVal.width / r.width;
    var at = (x - s.left) / across(s);
    return { x: x, part: view[0] + at * (view[1] - view[0]), inside: x > s.left - 6 && x < s.right + 6 };
  }
  function clamp(v, low, high) { return Math.max(low, Math.min(high, v)); }

  function show(i) {
    current = i;
    // A cursor that would leave what is shown takes it along.
    var middle = (i + 0.5) / n, span = view[1] - view[0];
    if (i >= 0 && (middle < view[0] || middle > view[1])) {
      var from = clamp(middle < view[0] ? middle - span * 0.1 : middle - span * 0.9, 0, 1 - span);
      look(from, from + span);
    }
    figures.forEach(function (s) {
      s.line.style.visibility = i < 0 ? 'hidden' : 'visible';
      if (i < 0) return;
      var x = place(s, middle).toFixed(1);
      s.line.setAttribute('x1', x);
      s.line.setAttribute('x2', x);
    });
    outputs.forEach(function (o) {
      if (i < 0) o.innerHTML = o.idle;
      else read(o, data.figs[o.dataset['for']], i);
    });
    figures.forEach(function (s) {
      var o = document.querySelector('output[data-for="' + s.svg.dataset.fig + '"]');
      var words = all('b,i', o).map(function (x) { return x.textContent; });
      s.svg.setAttribute('aria-valuenow', Math.max(current, 0));
      s.svg.setAttribute('aria-valuetext', words.join(', '));
    });
  }

  // ---- Looking closer: what lies along the time is stretched, what stands at a moment is moved, the rest stays ----
  var steps = [0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400, 604800];
  function ticks(s) {
    var from = view[0] * end, to = view[1] * end;
    var most = Math.max(2, Math.floor(across(s) / 70));
    var step = steps.filter(function (d) { return (to - from) / d <= most; })[0] || 2592000;
    var made = [{ t: from }, { t: to, last: true }];
    for (var i = Math.ceil(from / step); i * step < to; i++) made.push({ t: i * step });
    var fine = (to - from) < 10 ? Math.min(step, 0.5) : 1;
    var placed = [];
    made.forEach(function (tick) {
      var x = place(s, tick.t / end);
      var words = clock(tick.t, fine) + (tick.last && end < 3600 ? ' min' : '');
      var half = Math.max(22, words.length * 3.8);
      if (placed.some(function (p) { return Math.abs(p[0] - x) < half + p[1] + 2; })) return;
      placed.push([x, half]);
      var text = element('text', { x: x.toFixed(1), y: s.bottom + 18, fill: '#55565E', 'font-size': s.size, 'text-anchor': 'middle' }, s.ticks);
      text.textContent = words;
    });
  }
  // Heights at which the lines or edges of a colour cross the right end of what is shown.
  function crossings(s, colour) {
    var at = s.left + view[1] * across(s) - 0.02, found = [], before = null;
    all('.over path[stroke="' + colour + '"][fill="none"],.over path[fill="' + colour + '"]:not([fill-opacity])', s.svg).forEach(function (path) {
      var numbers = (path.getAttribute('d').match(/-?[\d.]+/g) || []).map(Number);
      for (var i = 0; i + 3 < numbers.length; i += 2) {
        var x0 = numbers[i], y0 = numbers[i + 1], x1 = numbers[i + 2], y1 = numbers[i + 3];
        if (x0 !== x1 && (x0 <= at) !== (x1 <= at)) found.push(y0 + (at - x0) / (x1 - x0) * (y1 - y0));
        if (x1 <= at && (!before || x1 > before[0])) before = [x1, y1];
      }
    });
    return found.length ? found : before ? [before[1]] : [];
  }
  function names(s) {
    var list = s.ends.map(function (text) {
      var found = crossings(s, text.dataset.end);
      var y = found.reduce(function (sum, v) { return sum + v; }, 0) / found.length;
      return { text: text, y: found.length ? y : +text.idle - 4 };
    });
    list.sort(function (a, b) { return a.y - b.y; });
    var y = s.top - 16;
    list.forEach(function (l) { y = l.y = Math.max(l.y, y + 14); });
    var over = list.length ? Math.max(0, y - s.bottom) : 0;
    list.forEach(function (l) { l.text.setAttribute('y', (l.y - over + 4).toFixed(1)); });
  }
  function draw(s, zoomed) {
    var k = 1 / (view[1] - view[0]);
    var shift = s.left * (1 - k) - view[0] * across(s) * k;
    s.svg.classList.toggle('close', zoomed);
    s.over.forEach(function (g) {
      if (zoomed) {
        g.setAttribute('transform', 'matrix(' + k + ' 0 0 1 ' + shift + ' 0)');
        g.parentNode.setAttribute('clip-path', 'url(#' + s.clip + ')');
      } else {
        g.removeAttribute('transform');
        g.parentNode.removeAttribute('clip-path');
      }
    });
    s.at.forEach(function (g) {
      var from = +g.dataset.x, x = from * k + shift, to = g.dataset.to * k + shift;
      var text = g.querySelector('text'), mark = g.querySelector('line');
      var gone = zoomed && (to < s.left + 1 && x < s.left - 1 || x > s.right + 1), begins = x >= s.left - 1;
      g.style.display = gone ? 'none' : '';
      if (mark) mark.style.display = zoomed && !begins ? 'none' : '';
      if (!zoomed) { g.removeAttribute('transform'); if (text) text.removeAttribute('transform'); return; }
      x = Math.max(x, s.left);
      g.setAttribute('transform', 'translate(' + (x - from).toFixed(1) + ' 0)');
      if (!text) return;
      // The words stay within the figure.
      var wide = text.textContent.length * 6.4, anchor = text.getAttribute('text-anchor');
      var left = +text.getAttribute('x') + x - from - (anchor === 'end' ? wide : anchor === 'middle' ? wide / 2 : 0);
      var back = Math.min(0, s.svg.viewBox.baseVal.width - 2 - left - wide) || Math.max(0, 2 - left);
      text.setAttribute('transform', 'translate(' + back.toFixed(1) + ' 0)');
    });
    s.ticks.textContent = '';
    s.old.forEach(function (text) { text.style.display = zoomed ? 'none' : ''; });
    if (zoomed && s.old.length) ticks(s);
    if (zoomed) names(s);
    else s.ends.forEach(function (text) { text.setAttribute('y', text.idle); });
  }
  function look(from, to) {
    var span = clamp(to - from, closest, 1);
    from = clamp((from + to) / 2 - span / 2, 0, 1 - span);
    view = [from, from + span];
    var zoomed = span < 0.9999;
    if (!zoomed) view = [0, 1];
    figures.forEach(function (s) { draw(s, zoomed); });
    bar.classList.toggle('close', zoomed);
    var fine = (view[1] - view[0]) * end < 10 ? 0.5 : 1;
    shown.textContent = zoomed ? 'Shown: ' + clock(view[0] * end, fine) + ' to ' + clock(view[1] * end, fine) : 'Shown: the whole run';
    closer.disabled = span <= closest * 1.0001;
    wider.disabled = whole.disabled = !zoomed;
  }
  function zoom(factor) {
    var at = current < 0 ? (view[0] + view[1]) / 2 : (current + 0.5) / n;
    var ratio = (at - view[0]) / (view[1] - view[0]), span = clamp((view[1] - view[0]) / factor, closest, 1);
    look(at - ratio * span, at + (1 - ratio) * span);
    show(current);
  }
  function reset() { look(0, 1); show(-1); }

  // The buttons, for users without mouse and keyboard, and the voice of a screen reader.
  var bar = document.createElement('div');
  bar.className = 'timebar';
  bar.setAttribute('role', 'group');
  bar.setAttribute('aria-label', 'Time shown in all figures');
  var shown = bar.appendChild(document.createElement('output'));
  shown.setAttribute('aria-live', 'polite');
  function button(words, does) {
    var b = bar.appendChild(document.createElement('button'));
    b.type = 'button';
    b.textContent = words;
    b.addEventListener('click', does);
    return b;
  }
  var closer = button('Closer', function () { zoom(2); });
  var wider = button('Wider', function () { zoom(0.5); });
  var whole = button('Whole run', function () { reset(); closer.focus(); });
  var first = svgs[0].closest('section.fig');
  first.parentNode.insertBefore(bar, first);

  var figures = svgs.map(function (svg, number) {
    var s = {
      svg: svg, left: +svg.dataset.l, right: +svg.dataset.r, top: +svg.dataset.top, bottom: +svg.dataset.bot,
      over: all('g.over', svg), at: all('g.at', svg), old: all('text.tick', svg), ends: all('text[data-end]', svg), clip: 'clip' + number
    };
    s.size = svg.viewBox.baseVal.width < 400 ? 11.5 : 12;
    s.ends.forEach(function (text) { text.idle = text.getAttribute('y'); });
    s.ticks = element('g', {}, svg);
    var clip = element('clipPath', { id: s.clip }, svg);
    element('rect', { x: s.left, y: 0, width: across(s), height: svg.viewBox.baseVal.height }, clip);
    s.over.forEach(function (g) {
      var around = element('g', {});
      g.parentNode.insertBefore(around, g);
      around.appendChild(g);
    });
    s.line = element('line', { y1: s.top, y2: s.bottom, 'class': 'cursor' }, svg);
    s.picked = element('rect', { y: s.top, height: s.bottom - s.top, 'class': 'picked' }, svg);
    svg.setAttribute('tabindex', '0');
    svg.setAttribute('role', 'slider');
    svg.setAttribute('aria-valuemin', 0);
    svg.setAttribute('aria-valuemax', n - 1);
    svg.setAttribute('aria-keyshortcuts', '+ - 0 Escape');
    listen(s);
    return s;
  });

  function listen(s) {
    var begun = null, last = null;
    function pick() {
      var there = begun && last && Math.abs(last.x - begun.x) > 5;
      figures.forEach(function (f) {
        f.picked.style.visibility = there ? 'visible' : 'hidden';
        if (!there) return;
        var a = clamp(place(f, Math.min(begun.part, last.part)), f.left, f.right);
        f.picked.setAttribute('x', a);
        f.picked.setAttribute('width', clamp(place(f, Math.max(begun.part, last.part)), f.left, f.right) - a);
      });
      return there;
    }
    function at(event) {
      last = part(s, event);
      if (begun) pick();
      if (last.inside) show(clamp(Math.floor(last.part * n), 0, n - 1));
      else if (!begun) show(-1);
    }
    s.svg.addEventListener('pointermove', at);
    s.svg.addEventListener('pointerdown', function (event) {
      var here = part(s, event);
      // A finger moves the cursor; a mouse or a pen picks a stretch.
      if (event.pointerType !== 'touch' && event.button === 0 && here.inside) {
        begun = here;
        s.svg.setPointerCapture(event.pointerId);
      }
      at(event);
    });
    function done(event) {
      var picked = event.type === 'pointerup' && pick(), from = begun, to = last;
      begun = null;
      pick();
      if (picked) { look(Math.min(from.part, to.part), Math.max(from.part, to.part)); show(current); }
    }
    s.svg.addEventListener('pointerup', done);
    s.svg.addEventListener('pointercancel', done);
    s.svg.addEventListener('pointerleave', function (event) { if (event.pointerType === 'mouse' && !begun) show(-1); });
    s.svg.addEventListener('dblclick', reset);
    s.svg.addEventListener('keydown', function (event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      var step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageDown: 12, PageUp: -12 }[event.key];
      var next = current < 0 ? Math.floor((view[0] + (view[1] - view[0]) / 4) * n) : current;
      if (step) next = current < 0 ? next : current + step;
      else if (event.key === 'Home') next = 0;
      else if (event.key === 'End') next = n - 1;
      else if (event.key === '+' || event.key === '=') { event.preventDefault(); zoom(2); return; }
      else if (event.key === '-' || event.key === '_') { event.preventDefault(); zoom(0.5); return; }
      else if (event.key === '0' || event.key === 'Escape') {
        event.preventDefault();
        begun = null;
        pick();
        reset();
        return;
      } else return;
      event.preventDefault();
      show(clamp(next, 0, n - 1));
    });
  }
  window.addEventListener('beforeprint', reset);
  reset();
})();
