// What is under the cursor, how large things are, and the view as a picture.
window.Exo = window.Exo || {};

(function (Exo) {
  "use strict";

  const BAR = 0.25; // of the view's width is the scale bar's greatest length

  function roundLength(longest) {
    const power = 10 ** Math.floor(Math.log10(longest) + 1e-9);
    return [5, 2, 1].find((factor) => factor * power <= longest * (1 + 1e-9)) * power;
  }

  function drawScaleBar(context, zoom, pixelSize, width, height) {
    if (!zoom) {
      return;
    }
    const micrometres = pixelSize ? pixelSize[0] : 1;
    const longest = (BAR * width * micrometres) / zoom;
    const length = roundLength(longest);
    const long = (length / micrometres) * zoom;
    const unit = pixelSize ? (length >= 1000 ? "mm" : "µm") : "px";
    const text = `${Number((unit === "mm" ? length / 1000 : length).toPrecision(3))} ${unit}`;
    context.fillStyle = "black";
    context.fillRect(14, height - 26, long + 4, 9);
    context.fillStyle = "white";
    context.fillRect(16, height - 24, long, 5);
    context.font = "bold 14px sans-serif";
    context.lineWidth = 3;
    context.strokeStyle = "black";
    context.strokeText(text, 16, height - 32);
    context.fillText(text, 16, height - 32);
  }

  // Shows the cursor's place and the value that every image has there, as it stands in its file.
  class Readout {
    constructor(element) {
      this.element = element;
      this.turn = 0;
      this.pixel = null;
    }

    async show(pixel, pair, layers) {
      this.pixel = pixel;
      const turn = ++this.turn;
      if (pixel === null) {
        this.element.replaceChildren();
        return;
      }
      const [x, y] = pixel;
      const raw = [x - pair.origin[0], y - pair.origin[1]];
      const size = pair.pixel_size_um;
      const place = `raw post x ${raw[0]} y ${raw[1]} px` +
        (size ? ` = ${raw.map((v, k) => (v * size[k]).toFixed(1)).join(", ")} µm` : "") +
        ` · padded ${x}, ${y}`;
      const found = await Promise.allSettled(layers.map((layer) => layer.pyramid.value(x, y)));
      if (turn === this.turn) {
        const values = layers.map((layer, k) => describe(layer, found[k]));
        this.element.replaceChildren(part("place", place), ...values);
      }
    }
  }

  function part(name, text) {
    const span = document.createElement("span");
    span.className = name;
    span.textContent = text;
    return span;
  }

  // The shortest number that is the same in the file's type.
  function exactly(value, Numbers) {
    for (let digits = 6; Numbers === Float32Array && digits < 10; digits++) {
      const short = Number(value.toPrecision(digits));
      if (Math.fround(short) === value) {
        return String(short);
      }
    }
    return String(value);
  }

  function describe(layer, { status, value }) {
    const known = status === "fulfilled" && !Number.isNaN(value);
    const span = part("value", `${layer.name} `);
    span.dataset.layer = layer.key;
    span.append(part("number", known ? exactly(value, layer.pyramid.Numbers) : "-"));
    return span;
  }

  // The view as it is on the screen, with its circles and scale bar, under a line that names it.
  function picture(view, marks, title) {
    const shown = view.mode === "side" ? view.viewers : [view.main];
    const sources = shown.map((viewer) => viewer.drawer.canvas);
    const ratio = sources[0].width / view.main.element.clientWidth;
    const head = 26 * ratio;
    const canvas = document.createElement("canvas");
    canvas.width = sources.reduce((sum, source) => sum + source.width, 0);
    canvas.height = sources[0].height + head;
    const context = canvas.getContext("2d");
    context.fillStyle = "black";
    context.fillRect(0, 0, canvas.width, canvas.height);
    let left = 0;
    for (const source of sources) {
      context.drawImage(source, left, head);
      left += source.width;
    }
    context.drawImage(marks, 0, head, sources[0].width, sources[0].height);
    context.fillStyle = "white";
    context.font = `${14 * ratio}px sans-serif`;
    context.fillText(title, 8 * ratio, 18 * ratio);
    return canvas;
  }

  Object.assign(Exo, { Readout, drawScaleBar, picture });
})(window.Exo);
