(function () {
  'use strict';
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

  // One cursor for all figures over time.
  var data = JSON.parse(document.getElementById('data').textContent);
  var n = data.t.length;
  var current = -1;
  var svgs = [].slice.call(document.querySelectorAll('svg.time'));
  var outputs = [].slice.call(document.querySelectorAll('output.read'));
  outputs.forEach(function (o) { o.idle = o.innerHTML; });
  window.addEventListener('beforeprint', function () {
    [].forEach.call(document.querySelectorAll('details.file'), function (d) { d.open = true; });
  });

  function clock(s) {
    var whole = Math.round(s);
    var h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60, sec = ('0' + whole % 60).slice(-2);
    return h ? h + ':' + ('0' + m).slice(-2) + ':' + sec : m + ':' + sec;
  }
  function thousands(x) { return String(x).replace(/\B(?=(\d{3})+$)/g, ','); }
  var format = {
    pct: function (v) { v *= 100; return (v < 0.05 ? '0' : v > 99 ? v.toFixed(2) : v.toFixed(1)) + '\u00a0%'; },
    ms: function (v) {
      v *= 1000;
      return v >= 1000 ? (v / 1000).toFixed(2) + '\u00a0s' : (v < 100 ? v.toFixed(1) : Math.round(v)) + '\u00a0ms';
    },
    n: function (v) { return v < 0.05 ? '0' : v < 10 ? v.toFixed(1) : thousands(Math.round(v)); },
    money: function (v) { return '$' + (v < 10 ? v.toFixed(2) : thousands(Math.round(v))); }
  };
  function reading(figure, i) {
    var html = '<b>' + clock(data.t[i]) + '\u2013' + clock(data.t[i] + data.w) + '</b>';
    figure.s.forEach(function (q) {
      var f = format[figure.f], v = q[2];
      if (v[0][i] === null) { html += '<i><s style="background:var(--' + q[1] + ')"></s>' + q[0] + ' no data</i>'; return; }
      var low = v.length > 1 ? f(v[1][i]) : '', high = v.length > 1 ? f(v[2][i]) : '';
      html += '<i><s style="background:var(--' + q[1] + ')"></s>' + q[0] + ' ' + f(v[0][i]) + (q[3] || '');
      if (low !== high) html += ' <span>(' + low.replace(/\u00a0.*/, '') + '\u2013' + high.replace(/\u00a0.*/, '') + ')</span>';
      html += '</i>';
    });
    return html;
  }
  function show(i) {
    current = i;
    svgs.forEach(function (s) {
      var left = +s.dataset.l, right = +s.dataset.r;
      if (i < 0) { s.line.style.visibility = 'hidden'; return; }
      var x = (left + (i + 0.5) / n * (right - left)).toFixed(1);
      s.line.setAttribute('x1', x);
      s.line.setAttribute('x2', x);
      s.line.style.visibility = 'visible';
    });
    outputs.forEach(function (o) {
      o.innerHTML = i < 0 ? o.idle : reading(data.figs[o.dataset['for']], i);
    });
    say();
  }
  function say() {
    svgs.forEach(function (s) {
      var o = document.querySelector('output[data-for="' + s.dataset.fig + '"]');
      var words = [].map.call(o.querySelectorAll('b,i'), function (x) { return x.textContent; });
      s.setAttribute('aria-valuenow', Math.max(current, 0));
      s.setAttribute('aria-valuetext', words.join(', '));
    });
  }
  svgs.forEach(function (s) {
    var line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
    line.setAttribute('y1', s.dataset.top);
    line.setAttribute('y2', s.dataset.bot);
    line.setAttribute('class', 'cursor');
    line.style.cssText = 'stroke:var(--ink);stroke-width:1;pointer-events:none;visibility:hidden';
    s.appendChild(line);
    s.line = line;
    s.setAttribute('tabindex', '0');
    s.setAttribute('role', 'slider');
    s.setAttribute('aria-valuemin', 0);
    s.setAttribute('aria-valuemax', n - 1);
    function at(event) {
      var r = s.getBoundingClientRect(), k = s.viewBox.baseVal.width / r.width, x = (event.clientX - r.left) * k;
      var left = +s.dataset.l, right = +s.dataset.r;
      if (x < left - 6 || x > right + 6) { show(-1); return; }
      show(Math.max(0, Math.min(n - 1, Math.floor((x - left) / (right - left) * n))));
    }
    s.addEventListener('pointermove', at);
    s.addEventListener('pointerdown', at);
    s.addEventListener('pointerleave', function (event) { if (event.pointerType === 'mouse') show(-1); });
    s.addEventListener('keydown', function (event) {
      var step = { ArrowRight: 1, ArrowLeft: -1, PageDown: 12, PageUp: -12 }[event.key];
      var next = current < 0 ? Math.floor(n / 4) : current;
      if (step) next = current < 0 ? next : current + step;
      else if (event.key === 'Home') next = 0;
      else if (event.key === 'End') next = n - 1;
      else if (event.key === 'Escape') { event.preventDefault(); show(-1); return; }
      else return;
      event.preventDefault();
      show(Math.max(0, Math.min(n - 1, next)));
    });
  });
  say();
})();
