// What a person thinks of the candidates: kept in this browser, given out as CSV.
window.Exo = window.Exo || {};

(function (Exo) {
  "use strict";

  const COLUMNS = ["sample", "dye", "variant", "id", "x_raw", "y_raw", "mark", "marked"];

  // Marks go by the candidate's place, so that they outlive a catalogue that is numbered anew.
  class Marks {
    constructor(batch, pair) {
      this.prefix = `exo2micro ${batch} `;
      this.pair = pair;
      this.key = this.prefix + JSON.stringify([pair.sample, pair.dye, pair.variant]);
      this.marks = JSON.parse(localStorage.getItem(this.key) || "{}");
      this.any = Object.keys(this.marks).length > 0; // asked for every candidate in every frame
    }

    static place(x, y) {
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    }

    get(x, y) {
      if (!this.any) {
        return "";
      }
      const found = this.marks[Marks.place(x, y)];
      return found ? found.mark : "";
    }

    // mark: "keep", "reject", or "" to take it back.
    set(candidate, mark) {
      const place = Marks.place(candidate.x, candidate.y);
      if (mark) {
        const { id, x, y } = candidate;
        this.marks[place] = { id, x, y, mark, marked: new Date().toISOString() };
      } else {
        delete this.marks[place];
      }
      localStorage.setItem(this.key, JSON.stringify(this.marks));
      this.any = Object.keys(this.marks).length > 0;
    }

    count(mark) {
      return Object.values(this.marks).filter((entry) => entry.mark === mark).length;
    }

    // Marks of every pair and variant of the batch, as the text of a CSV file.
    table() {
      const lines = [COLUMNS.join(",")];
      const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.prefix));
      for (const key of keys.sort()) {
        const whose = JSON.parse(key.slice(this.prefix.length));
        const marks = Object.values(JSON.parse(localStorage.getItem(key)));
        for (const { id, x, y, mark, marked } of marks.sort((a, b) => a.id - b.id)) {
          lines.push([...whose, id, x, y, mark, marked].map(quoted).join(","));
        }
      }
      return lines.join("\r\n") + "\r\n";
    }
  }

  function quoted(value) {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  function download(name, blob) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  Object.assign(Exo, { Marks, download });
})(window.Exo);
