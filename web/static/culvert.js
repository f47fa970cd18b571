// What the pages do beyond plain HTML. Everything here is a comfort: without it
// forms still work, times are in UTC and pages change when they are loaded.
(function () {
  'use strict';

  // A light or sentence that had proof goes out when the proof is too old.
  var faded = { sign: '○', word: 'no recent proof' };

  function ago(seconds) {
    if (seconds < 2) return 'just now';
    if (seconds < 90) return seconds + '\u00a0s ago';
    if (seconds < 90 * 60) return Math.round(seconds / 60) + '\u00a0min ago';
    if (seconds < 36 * 3600) return Math.round(seconds / 3600) + '\u00a0h ago';
    return Math.round(seconds / 86400) + ' days ago';
  }

  function write(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }

  function tick() {
    var now = Date.now();
    document.querySelectorAll('time[data-age]').forEach(function (t) {
      var at = new Date(t.dateTime);
      t.title = at.toLocaleString();
      write(t, ago(Math.max(0, Math.round((now - at) / 1000))));
    });
    document.querySelectorAll('[data-fades]').forEach(function (light) {
      if (now < new Date(light.dataset.fades).getTime()) return;
      light.removeAttribute('data-fades');
      light.classList.remove('on', 'off');
      light.classList.add('out');
      write(light.querySelector('.sign'), faded.sign);
      write(light.querySelector('.word'), faded.word);
    });
  }

  function clocks(root) {
    root.querySelectorAll('time[data-clock]').forEach(function (t) {
      write(t, new Date(t.dateTime).toLocaleString());
    });
  }

  // Texts to copy become buttons' neighbours. The clipboard is there on
  // localhost and over https only.
  function copies(root) {
    if (!navigator.clipboard) return;
    root.querySelectorAll('[data-copy]').forEach(function (text) {
      text.removeAttribute('data-copy');
      var button = document.createElement('button');
      button.type = 'button';
      button.className = 'copying';
      button.textContent = 'Copy';
      button.setAttribute('aria-label', 'Copy ' + text.textContent);
      button.addEventListener('click', function () {
        navigator.clipboard.writeText(text.textContent).then(function () {
          button.textContent = 'Copied';
          setTimeout(function () { button.textContent = 'Copy'; }, 2000);
        });
      });
      text.after(button);
    });
  }

  function dress(root) {
    clocks(root);
    copies(root);
    tick();
  }

  dress(document);
  setInterval(tick, 1000);

  if (!window.htmx) return;

  // A stream of events that is closed while nobody looks: a browser opens only
  // six connections to one host. To HTMX it is an EventSource.
  function Stream(url) {
    this.url = url;
    this.listeners = [];
    this.ended = false;
    this.open();
    document.addEventListener('visibilitychange', this.look = this.look.bind(this));
  }
  Stream.prototype.open = function () {
    var self = this;
    var source = this.source = new EventSource(this.url);
    source.onopen = function (e) { if (self.onopen) self.onopen(e); };
    source.onerror = function (e) { if (self.onerror) self.onerror(e); };
    this.listeners.forEach(function (l) { source.addEventListener(l[0], l[1]); });
  };
  Stream.prototype.look = function () {
    if (this.ended) return;
    this.source.close();
    if (!document.hidden) this.open(); // it begins with how things stand now
  };
  Stream.prototype.close = function () {
    this.ended = true;
    this.source.close();
    document.removeEventListener('visibilitychange', this.look);
  };
  Stream.prototype.addEventListener = function (name, listener) {
    this.listeners.push([name, listener]);
    this.source.addEventListener(name, listener);
  };
  Stream.prototype.removeEventListener = function (name, listener) {
    this.listeners = this.listeners.filter(function (l) { return l[0] !== name || l[1] !== listener; });
    this.source.removeEventListener(name, listener);
  };
  Object.defineProperty(Stream.prototype, 'readyState', {
    get: function () { return this.source.readyState; }
  });
  window.htmx.createEventSource = function (url) { return new Stream(url); };

  var unfolded = [];
  var plan = '';

  function planIn(region) {
    var form = region.querySelector('form[data-plan]');
    return form ? form.dataset.plan : '';
  }

  // What did not change is not drawn again, and what was unfolded stays so.
  document.addEventListener('htmx:sseBeforeMessage', function (e) {
    var version = e.detail.lastEventId;
    if (version && e.target.dataset.version === version) {
      e.preventDefault();
      return;
    }
    if (version) e.target.dataset.version = version;
    unfolded = Array.prototype.map.call(e.target.querySelectorAll('details[open][id]'), function (d) { return d.id; });
    plan = planIn(e.target);
  });

  document.addEventListener('htmx:sseMessage', function (e) {
    unfolded.forEach(function (id) {
      var d = document.getElementById(id);
      if (d && e.target.contains(d)) d.open = true;
    });
    dress(e.target);
    // What was said when a run began is over once the run shows itself.
    if (e.target.id === 'region-progress') {
      document.querySelectorAll('#note .note:not(.bad)').forEach(function (n) { n.remove(); });
    }
    var now = planIn(e.target);
    if (plan && now && plan !== now) hold(e.target);
  });

  // Another plan came under the finger: nobody shall agree to what they did not
  // have the time to see.
  function hold(region) {
    var button = region.querySelector('form[data-plan] button');
    var note = document.createElement('p');
    note.className = 'note';
    note.setAttribute('role', 'status');
    note.textContent = 'The plan has just changed. Read it again before you press.';
    button.disabled = true;
    button.closest('.buttons').before(note);
    setTimeout(function () { button.disabled = false; }, 1500);
  }

  document.addEventListener('htmx:afterSwap', function (e) { dress(e.target); });

  function say(text) {
    var note = document.getElementById('note');
    if (!note) return;
    var line = document.createElement('p');
    line.className = 'note bad';
    line.textContent = text;
    note.replaceChildren(line);
  }

  document.addEventListener('htmx:sendError', function () {
    say('Culvert does not answer, so nothing was sent. Is it running? On the server: docker compose logs culvert');
  });
  document.addEventListener('htmx:responseError', function () {
    say('That did not work, and the answer made no sense. Load the page again to see how things stand.');
  });
})();
