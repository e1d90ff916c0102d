// What the workflow wrote about the pairs, and the state that is kept in the page's address.
window.Exo = window.Exo || {};

(function (Exo) {
  "use strict";

  const waiting = [];

  // The data files call this: they are scripts, since a page on disk may not read files.
  function receive(data) {
    waiting.forEach((take) => take(data));
  }

  function loadScript(path) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      const take = (data) => {
        waiting.splice(waiting.indexOf(take), 1);
        script.remove();
        data === null ? reject(new Error(path)) : resolve(data);
      };
      waiting.push(take);
      script.onerror = () => take(null);
      script.src = `${path.split("/").map(encodeURIComponent).join("/")}?${Date.now()}`;
      document.head.append(script);
    });
  }

  // The fullest description of a pair that there is: of all stages, or of the first ones.
  async function loadPair(files) {
    for (const path of files) {
      try {
        return { ...(await loadScript(path)), whole: path === files[0] };
      } catch {
        continue; // not made: the pair is not finished, or failed before that
      }
    }
    return null;
  }

  // The address holds what is seen, so that a place can be sent to somebody.
  function readAddress() {
    return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  }

  function writeAddress(state) {
    history.replaceState(null, "", `#${new URLSearchParams(state)}`);
  }

  Object.assign(Exo, { receive, loadPair, readAddress, writeAddress });
})(window.Exo);
