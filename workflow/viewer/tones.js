// How numbers become brightness and colour on the screen. The numbers themselves never change.
window.Exo = window.Exo || {};

(function (Exo) {
  "use strict";

  // The colours of the figures' difference images: black at zero, blue below, orange above.
  const DIFFERENCE = [
    [159, 220, 255], [47, 143, 224], [18, 58, 112], [0, 0, 0],
    [122, 45, 8], [232, 113, 28], [255, 216, 77],
  ];
  const GREY = [[0, 0, 0], [255, 255, 255]];
  const GREEN = [[0, 0, 0], [0, 255, 0]];
  const MAGENTA = [[0, 0, 0], [255, 0, 255]];
  const RAMPS = { grey: GREY, difference: DIFFERENCE, green: GREEN, magenta: MAGENTA };
  const STEPS = 4096; // shades of a float image; even, so that zero of a signed one has its own
  const NO_VALUE = 0xff505050; // NaN

  // brightness in stops, gamma above 1 lightens the shades between black and white.
  const PLAIN = { brightness: 0, gamma: 1 };

  function colourAt(ramp, t) {
    const place = Math.min(Math.max(t, 0), 1) * (ramp.length - 1);
    const k = Math.min(Math.floor(place), ramp.length - 2);
    const [from, to] = [ramp[k], ramp[k + 1]];
    const [r, g, b] = from.map((low, c) => Math.round(low + (to[c] - low) * (place - k)));
    return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
  }

  // Place of a value on the ramp: 0 to 1; a signed ramp has zero in its middle.
  function place(value, white, gamma, signed) {
    const share = Math.min(Math.abs(value) / white, 1) ** (1 / gamma);
    if (signed) {
      return 0.5 + (value < 0 ? -share : share) / 2;
    }
    return value < 0 ? 0 : share;
  }

  // Paints a tile of numbers with the tone of its layer; remembers which tone it shows.
  class Painter {
    constructor(white, signed) {
      this.white = white;
      this.signed = signed;
      this.version = 0;
      this.set(PLAIN, signed ? "difference" : "grey");
    }

    set(tone, ramp) {
      this.tone = { ...tone };
      this.ramp = ramp;
      this.version += 1;
      this.tables = new Map();
    }

    // The value that is drawn in the last colour.
    get top() {
      return this.white / 2 ** this.tone.brightness;
    }

    // A ramp that starts in black shows only what lies above zero.
    get symmetric() {
      return this.signed && this.ramp === "difference";
    }

    table(count, low, high) {
      const key = `${count} ${low}`;
      if (!this.tables.has(key)) {
        const [top, symmetric] = [this.top, this.symmetric];
        const ramp = RAMPS[this.ramp];
        const colours = new Uint32Array(count + 1);
        for (let k = 0; k <= count; k++) {
          const value = low + ((high - low) * k) / count;
          colours[k] = colourAt(ramp, place(value, top, this.tone.gamma, symmetric));
        }
        this.tables.set(key, colours);
      }
      return this.tables.get(key);
    }

    paint(context, tile) {
      const image = context.createImageData(tile.width, tile.height);
      const out = new Uint32Array(image.data.buffer);
      const pixels = tile.pixels;
      if (pixels instanceof Uint8Array || pixels instanceof Uint16Array) {
        const last = pixels instanceof Uint8Array ? 255 : 65535;
        const colours = this.table(last, 0, last);
        for (let k = 0; k < pixels.length; k++) {
          out[k] = colours[pixels[k]];
        }
      } else {
        this.paintFloats(out, pixels);
      }
      context.putImageData(image, 0, 0);
    }

    paintFloats(out, pixels) {
      const high = this.top;
      const low = this.symmetric ? -high : 0;
      const colours = this.table(STEPS, low, high);
      const factor = STEPS / (high - low);
      for (let k = 0; k < pixels.length; k++) {
        const step = (pixels[k] - low) * factor + 0.5;
        out[k] = step >= 0 ? colours[step < STEPS ? step | 0 : STEPS] : colours[0];
        if (step !== step) {
          out[k] = NO_VALUE;
        }
      }
    }
  }

  Object.assign(Exo, { Painter, PLAIN });
})(window.Exo);
