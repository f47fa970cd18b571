// What the pages do beyond plain HTML. Everything here is a comfort: without it
// forms still work, times are in UTC and pages change when they are loaded.
(function () {
  'use strict';

  // A light or sentence that had proof goes out when the proof is too old.
  var faded = { sign: '○', word: 'no recent proof' };

  // How far the browser's clock is behind the server's: a light must not stay on
  // because of a clock. The page itself may be an old copy, so it can only make
  // things older; what the stream says is from now.
  var behind = Math.max(0, Date.parse(document.body.dataset.now || '') - Date.now() || 0);

  function now() { return Date.now() + behind; }

  function ago(seconds) {
    return seconds < 2 ? 'just now' : lasts(seconds) + ' ago';
  }

  function lasts(seconds) {
    if (seconds < 120) return seconds + '\u00a0s';
    if (seconds < 2 * 3600) return Math.floor(seconds / 60) + '\u00a0min';
    if (seconds < 48 * 3600) return Math.floor(seconds / 3600) + '\u00a0h';
    return Math.floor(seconds / 86400) + '\u00a0d';
  }

  function since(t) { return Math.max(0, Math.round((now() - new Date(t.dateTime)) / 1000)); }

  function write(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }

  function tick() {
    document.querySelectorAll('time[data-age]').forEach(function (t) {
      t.title = new Date(t.dateTime).toLocaleString();
      write(t, ago(since(t)));
    });
    document.querySelectorAll('time[data-lasts]').forEach(function (t) { write(t, lasts(since(t))); });
    document.querySelectorAll('[data-fades]').forEach(function (light) {
      if (now() < new Date(light.dataset.fades).getTime()) return;
      light.removeAttribute('data-fades');
      light.classList.remove('on', 'off');
      light.classList.add('out');
      write(light.querySelector('.sign'), faded.sign);
      write(light.querySelector('.word'), light.dataset.faded || faded.word);
      var more = light.querySelector('[data-with]');
      if (more) more.remove();
    });
    headline();
  }

  // The one sentence shows in the tab's title too, and is said aloud when it
  // becomes another one.
  var said = '';

  function headline() {
    var h = document.querySelector('[data-headline]');
    if (!h) return;
    var sign = h.querySelector('.sign').textContent, text = h.querySelector('.word').textContent.trim();
    if (text === said) return;
    document.title = sign + document.title.replace(/^[✔✘○]/, '');
    if (said) write(document.getElementById('aloud'), text);
    said = text;
  }

  function clocks(root) {
    root.querySelectorAll('time[data-clock]').forEach(function (t) {
      var at = new Date(t.dateTime);
      if (t.dataset.clock === 'seconds') { // of a log, which is long
        t.removeAttribute('data-clock');
        write(t, at.toLocaleTimeString());
        return;
      }
      var full = t.dataset.clock !== 'short';
      var old = now() - at > 20 * 3600 * 1000;
      write(t, full ? at.toLocaleString() : at.toLocaleString([], old ?
        { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' } : { hour: '2-digit', minute: '2-digit' }));
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
      button.setAttribute('aria-label', 'Copy ' + (text.textContent.length < 80 ? text.textContent : 'this text'));
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
    this.alive = this.alive.bind(this);
    this.listeners = [];
    this.ended = false;
    this.open();
    this.checking = setInterval(this.check.bind(this), 1000);
    document.addEventListener('visibilitychange', this.look = this.look.bind(this));
  }
  Stream.prototype.open = function () {
    var self = this;
    var source = this.source = new EventSource(this.url);
    this.heard = Date.now();
    this.broke = 0;
    source.onopen = function (e) { self.broke = 0; self.heard = Date.now(); if (self.onopen) self.onopen(e); };
    source.onerror = function (e) { self.broke = self.broke || Date.now(); if (self.onerror) self.onerror(e); };
    source.addEventListener('alive', this.alive);
    this.listeners.forEach(function (l) { source.addEventListener(l[0], l[1]); });
  };
  Stream.prototype.look = function () {
    if (this.ended) return;
    this.source.close();
    if (!document.hidden) this.open(); // it begins with how things stand now
  };
  // The server shows every 15 seconds that it is there, and which time it is.
  Stream.prototype.alive = function (e) {
    this.heard = Date.now();
    behind = Date.parse(e.data) - this.heard || 0;
    cut(false);
  };
  // A stream may break without a word. A restart of the server takes a moment.
  Stream.prototype.check = function () {
    if (this.ended || document.hidden) return;
    if (this.broke && Date.now() - this.broke > 5000 || Date.now() - this.heard > 45000) cut(true);
  };
  Stream.prototype.close = function () {
    clearInterval(this.checking);
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
  // Says that the page is cut off from the server: what it shows is from before,
  // and its lights go out one by one as their proof grows old.
  function cut(off) {
    document.body.classList.toggle('cut', off);
    write(document.getElementById('cut'), off ?
      'This page is cut off from Culvert and shows how things stood before. It comes back by itself; if not, see whether Culvert and your SSH tunnel still run.' : '');
  }

  var stream = null;
  window.htmx.createEventSource = function (url) { return stream = new Stream(url); };

  var unfolded = [];
  var plans = [];

  // What the buttons of a region would do, in their order.
  function plansIn(region) {
    return Array.prototype.map.call(region.querySelectorAll('form[data-plan]'), function (f) { return f.id + ' ' + f.dataset.plan; });
  }

  // What was pressed is not taken from under the finger, nor a text that was
  // selected, but for the lights: they say how things stand now, whatever is
  // selected. How things stand then is asked for once it is let go.
  var pressed = null, missed = false;
  document.addEventListener('pointerdown', function (e) { pressed = e.target; });
  ['pointerup', 'pointercancel', 'selectionchange'].forEach(function (name) {
    document.addEventListener(name, function () {
      if (name !== 'selectionchange') pressed = null;
      if (!missed || pressed || selected()) return;
      missed = false;
      if (stream) setTimeout(function () { stream.look(); }, 50);
    });
  });

  function alwaysTrue(region) { return region.id === 'region-headline' || region.id === 'region-lights'; }

  function selected() {
    var s = document.getSelection();
    return s && !s.isCollapsed ? s.anchorNode : null;
  }

  // Where the keyboard is, by the nearest thing that has a name; null: elsewhere.
  var focused = null;

  function focusIn(region) {
    var at = document.activeElement;
    if (!at || at === region || !region.contains(at)) return null;
    var named = at.closest('[id]');
    if (named === region) return '';
    return '#' + named.id + (named === at ? '' : ' ' + at.tagName);
  }

  // The keyboard stays where it was, or at least in the region whose button went.
  function focusAgain(region) {
    if (focused === null) return;
    var again = focused && region.querySelector(focused);
    if (!again) region.tabIndex = -1;
    (again || region).focus({ preventScroll: true });
  }

  // What did not change is not drawn again, and what was unfolded stays so.
  document.addEventListener('htmx:sseBeforeMessage', function (e) {
    var version = e.detail.lastEventId;
    if (version && e.target.dataset.version === version) {
      e.preventDefault();
      return;
    }
    if (e.target.contains(pressed || (alwaysTrue(e.target) ? null : selected()))) {
      missed = true;
      e.preventDefault();
      return;
    }
    focused = focusIn(e.target);
    if (version) e.target.dataset.version = version;
    unfolded = Array.prototype.map.call(e.target.querySelectorAll('details[open][id]'), function (d) { return d.id; });
    plans = plansIn(e.target);
  });

  // A log is followed at its end, unless somebody reads further up, and does not
  // grow for ever. A stream that is opened again begins anew.
  var longest = 2000, following = true;
  document.addEventListener('htmx:sseBeforeMessage', function (e) {
    var log = e.target;
    if (!log.classList.contains('log')) return;
    if (e.detail.lastEventId.indexOf('fresh') === 0) log.replaceChildren();
    following = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  });
  document.addEventListener('htmx:sseMessage', function (e) {
    var log = e.target;
    if (!log.classList.contains('log')) return;
    while (log.children.length > longest) log.firstElementChild.remove();
    if (following) log.scrollTop = log.scrollHeight;
  });

  document.addEventListener('htmx:sseMessage', function (e) {
    unfolded.forEach(function (id) {
      var d = document.getElementById(id);
      if (d && e.target.contains(d)) d.open = true;
    });
    dress(e.target);
    focusAgain(e.target);
    // What was said when a run began is over once the run shows itself.
    if (e.target.id === 'region-progress' || e.target.id === 'region-mending') {
      document.querySelectorAll('#note .note:not(.bad)').forEach(function (n) { n.remove(); });
    }
    var fresh = plansIn(e.target);
    if (plans.length && fresh.length && plans.join() !== fresh.join()) hold(e.target);
  });

  // Another plan came under the finger, or the button of another one: nobody
  // shall agree to what they did not have the time to see.
  function hold(region) {
    var buttons = region.querySelectorAll('form[data-plan] button:not([disabled])');
    if (!buttons.length) return;
    var note = document.createElement('p');
    note.className = 'note';
    note.setAttribute('role', 'status');
    note.textContent = 'This has just changed. Read it again before you press.';
    var at = document.activeElement;
    buttons.forEach(function (b) { b.disabled = true; });
    (buttons[0].closest('.buttons') || buttons[0].form).before(note);
    setTimeout(function () {
      buttons.forEach(function (b) { b.disabled = false; });
      if (document.activeElement === document.body && region.contains(at)) at.focus({ preventScroll: true });
    }, 1500);
  }

  // Whether this browser gets to a private name. What comes back cannot be read,
  // only that something did: without a trusted certificate nothing does.
  document.querySelectorAll('button[data-try]').forEach(function (button) {
    button.hidden = false;
    button.addEventListener('click', function () {
      var to = button.dataset.try, at = new Date();
      button.disabled = true;
      tried('out', '…', 'Asking ' + to);
      fetch(to, { mode: 'no-cors', credentials: 'omit', cache: 'no-store', redirect: 'follow', signal: AbortSignal.timeout(8000) }).then(function () {
        tried('on', '✔', 'This browser gets to ' + to + ' (' + at.toLocaleTimeString() + '). Open it to see whether you can log in.');
      }, function (e) {
        tried('off', '✘', e.name === 'TimeoutError'
          ? 'No answer from ' + to + ' within 8 seconds: the packets do not arrive. Is WARP on, and joined to your account?'
          : 'This browser does not get to ' + to + ': the name is not known here, nothing answers, or the certificate is not trusted. Open it to see which.');
      }).then(function () { button.disabled = false; });
    });
  });

  function tried(state, sign, text) {
    var line = document.getElementById('tried');
    line.className = 'light ' + state;
    line.textContent = sign + ' ' + text;
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
