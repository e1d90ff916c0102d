// Sliders, lists and keys.
window.Exo = window.Exo || {};

(function (Exo) {
  "use strict";

  const element = (id) => document.getElementById(id);

  // The controls of A and of B are alike but for their letter, which ends their ids.
  function addSlot(letter) {
    const slot = element("slot").content.cloneNode(true);
    slot.querySelector("b").textContent = letter;
    slot.querySelectorAll("[data-id]").forEach((control) => {
      control.id = control.dataset.id + letter;
    });
    element("modes").before(slot);
  }

  function fill(select, entries, chosen) {
    select.replaceChildren(
      ...entries.map(([value, text]) => new Option(text, value, false, value === chosen)),
    );
  }

  // Sliders of a slot (0 for A, 1 for B); double click puts one back.
  class ToneControl {
    constructor(slot, change) {
      this.letter = "AB"[slot];
      this.inputs = {};
      for (const name of ["brightness", "gamma"]) {
        const input = element(name + this.letter);
        this.inputs[name] = input;
        input.addEventListener("input", () => this.set(name, Number(input.value)));
        input.addEventListener("dblclick", () => this.set(name, Exo.PLAIN[name]));
      }
      this.change = () => change(slot);
    }

    use(layer) {
      this.layer = layer;
      this.tell();
    }

    set(name, value) {
      if (this.layer) {
        this.layer.tone[name] = value;
        this.tell();
        this.change();
      }
    }

    tell() {
      const { tone, white, unit } = this.layer;
      for (const [name, input] of Object.entries(this.inputs)) {
        input.value = tone[name];
      }
      const top = Number((white / 2 ** tone.brightness).toPrecision(3));
      element("tone" + this.letter).textContent =
        `last colour at ${top} ${unit}, gamma ${tone.gamma.toFixed(2)}`;
    }
  }

  // keys: [key, what it does in words, function]; several keys may stand in one text, with spaces.
  function listenToKeys(keys) {
    const actions = new Map();
    for (const [names, , act] of keys) {
      names.split(" ").forEach((name) => actions.set(name === "space" ? " " : name, act));
    }
    // What was just used keeps no keys to itself.
    document.addEventListener("change", (event) => event.target.blur());
    document.addEventListener("keydown", (event) => {
      const typing = event.target.matches("select");
      const act = actions.get(event.key);
      if (act && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        act(event);
      }
    });
    element("keytable").replaceChildren(
      ...keys.map(([names, words]) => {
        const row = document.createElement("tr");
        const cell = document.createElement("td");
        names.split(" ").forEach((name) => {
          const key = document.createElement("kbd");
          key.textContent = name.replace("Arrow", "");
          cell.append(key, " ");
        });
        row.append(cell, Object.assign(document.createElement("td"), { textContent: words }));
        return row;
      }),
    );
  }

  // A message over the images; an empty one takes it away.
  function tell(message) {
    element("message").textContent = message;
  }

  ["A", "B"].forEach(addSlot);

  Object.assign(Exo, { element, fill, ToneControl, listenToKeys, tell });
})(window.Exo);
