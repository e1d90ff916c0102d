// Where bytes come from: parts of a file on a server, or of a file that the person opened.
window.Exo = window.Exo || {};

(function (Exo) {
  "use strict";

  // A server that cannot send parts of files sends whole ones; up to this size that will do.
  const WHOLE_FILE_BYTES = 300e6;
  const NO_PARTS =
    "This server sends whole files only, not parts of them (HTTP Range), and the images are too " +
    "large for that. Serve the folder with: python3 serve.py (it lies beside this page).";

  class ServedFile {
    constructor(url) {
      this.url = url;
      this.whole = null;
    }

    async read(start, count) {
      if (this.whole) {
        return this.whole.slice(start, start + count).arrayBuffer();
      }
      const stop = new AbortController();
      const answer = await fetch(this.url, {
        headers: { Range: `bytes=${start}-${start + count - 1}` },
        cache: "no-store",
        signal: stop.signal,
      });
      if (answer.status === 206) {
        return answer.arrayBuffer();
      }
      if (answer.status === 416) {
        return new ArrayBuffer(0); // beyond the end of the file
      }
      const length = Number(answer.headers.get("Content-Length") || Infinity);
      if (!answer.ok || length > WHOLE_FILE_BYTES) {
        stop.abort();
        throw new Error(answer.ok ? NO_PARTS : `${decodeURI(this.url)}: ${answer.status}`);
      }
      this.whole = await answer.blob();
      return this.read(start, count);
    }
  }

  class OpenedFile {
    constructor(file) {
      this.file = file;
    }

    read(start, count) {
      return this.file.slice(start, start + count).arrayBuffer();
    }
  }

  // Files of a folder that the person opened, by their path.
  let opened = null;

  function offerFiles(files) {
    opened = Array.from(files, (file) => ["/" + (file.webkitRelativePath || file.name), file]);
  }

  // The folder may have been opened at any height, so the longest common end of the path counts.
  function findOpened(path) {
    const parts = path.split("/");
    for (let from = 0; from < parts.length; from++) {
      const end = "/" + parts.slice(from).join("/");
      const found = opened.filter(([name]) => name.endsWith(end));
      if (found.length === 1) {
        return found[0][1];
      }
      if (found.length > 1) {
        break;
      }
    }
    throw new Error(`${path} is not in the folder that was opened.`);
  }

  // The page may read files beside it: from a server always, from disk only through the person.
  function canRead() {
    return opened !== null || location.protocol !== "file:";
  }

  function openBytes(path) {
    if (opened !== null) {
      return new OpenedFile(findOpened(path));
    }
    return new ServedFile("../" + path.split("/").map(encodeURIComponent).join("/"));
  }

  Object.assign(Exo, { openBytes, offerFiles, canRead });
})(window.Exo);
