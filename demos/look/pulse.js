// Whether the server lives: a line under the page's top edge while it does not, and what to do once it is back.
(() => {
  const PATIENCE_MS = 2500, STAYS_MS = 5000; // a hiccup is not worth a word; how long good news stand
  let line = null, lost = false, losing = 0, praising = 0;

  function say(words) {
    line ??= document.body.appendChild(ClassicNets.make('p', { className: 'cn-pulse', role: 'status' }));
    ClassicNets.say(line, words);
    line.hidden = !words;
  }

  function lose(words) {
    clearTimeout(praising);
    lost = true;
    say(words);
    window.dispatchEvent(new Event('serverlost'));
  }

  function found() {
    clearTimeout(losing);
    losing = 0;
    if (!lost) return;
    lost = false;
    say('The server is back. Go on: the page is as you left it.');
    praising = setTimeout(() => say(''), STAYS_MS);
  }

  function listen() {
    const source = new EventSource('pulse');
    source.addEventListener('here', found);
    source.addEventListener('leaving', () => lose('The server is restarting. What ran there is lost; your settings are not.'));
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, PATIENCE_MS); // a proxy answered in its place
      if (!lost) losing ||= setTimeout(() => lose('The server does not answer. This page tries again by itself.'), PATIENCE_MS);
    });
  }
  listen();
})();
