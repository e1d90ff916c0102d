// The images of a pair, each with its pyramid and its tone, as OpenSeadragon draws them.
window.Exo = window.Exo || {};

(function (Exo) {
  "use strict";

  const SIGMA_WHITE = 10; // standard deviations in the last colour of a significance image
  const DIFFERENCE_SHARE = 0.5; // of post's white is a difference's last colour
  const BRIGHT_SHARE = 0.999; // of post's pixels are darker than its white
  const LOOK_AT = 4; // tiles at full resolution that tell post's white

  class Layer {
    constructor(description, pyramid) {
      Object.assign(this, description, { pyramid });
      this.signed = description.kind !== "grey";
      this.tone = { ...Exo.PLAIN };
    }

    static async open(description) {
      return new Layer(description, await Exo.Pyramid.open(description.path));
    }

    // What is drawn in white at brightness 0, so that post and pre are comparable.
    useWhite(postWhite, scale) {
      if (this.kind === "sigma") {
        this.white = SIGMA_WHITE;
      } else if (this.kind === "signed") {
        this.white = postWhite * DIFFERENCE_SHARE;
      } else {
        this.white = this.key === "post" || !scale ? postWhite : postWhite / scale;
      }
    }
  }

  // Level of a colour that only a few pixels pass, from the brightest of a few parts of an image.
  async function whiteOf(pyramid) {
    const last = pyramid.levels.length - 1;
    const level = pyramid.levels[last];
    const side = pyramid.tile / 2 ** last; // of a full-resolution tile, in pixels of that level
    const columns = Math.ceil(level.width / side);
    const sums = new Float64Array(columns * Math.ceil(level.height / side));
    for (let row = 0; row * pyramid.tile < level.height; row++) {
      for (let column = 0; column * pyramid.tile < level.width; column++) {
        const tile = await pyramid.readTile(last, column, row);
        addUp(sums, columns, tile, column * pyramid.tile, row * pyramid.tile, side);
      }
    }
    const order = Array.from(sums.keys()).filter((k) => sums[k] > 0);
    order.sort((a, b) => sums[b] - sums[a]);
    const step = Math.max(1, Math.floor(order.length / 2 / LOOK_AT));
    const chosen = order.filter((_, k) => k % step === 0).slice(0, LOOK_AT);
    const tiles = chosen.map((k) => pyramid.readTile(0, k % columns, Math.floor(k / columns)));
    return quantile(await Promise.all(tiles), BRIGHT_SHARE) || 1;
  }

  function addUp(sums, columns, tile, left, top, side) {
    for (let y = 0; y < tile.height; y++) {
      const start = Math.floor((top + y) / side) * columns;
      for (let x = 0; x < tile.width; x++) {
        sums[start + Math.floor((left + x) / side)] += tile.pixels[y * tile.width + x];
      }
    }
  }

  function quantile(tiles, share) {
    const values = [];
    for (const { pixels } of tiles) {
      for (let k = 0; k < pixels.length; k += 7) {
        if (pixels[k] > 0) {
          values.push(pixels[k]);
        }
      }
    }
    const sorted = Float64Array.from(values).sort();
    return sorted.length ? sorted[Math.floor((sorted.length - 1) * share)] : 0;
  }

  // A source of OpenSeadragon's whose tiles are canvases that keep the numbers they were drawn of.
  function tileSource(layer, painter, slot) {
    const { pyramid } = layer;
    const last = pyramid.levels.length - 1;
    const source = new OpenSeadragon.TileSource({
      width: pyramid.width,
      height: pyramid.height,
      tileSize: pyramid.tile,
      tileOverlap: 0,
      minLevel: 0,
      maxLevel: last,
    });
    source.getTileUrl = (level, x, y) => `${slot}/${layer.path}/${level}/${x}/${y}`;
    source.getTileHashKey = source.getTileUrl;
    source.hasTransparency = () => false;
    source.downloadTileAbort = () => {};
    source.downloadTileStart = (job) => {
      const { level, x, y } = job.tile;
      pyramid.readTile(last - level, x, y).then(
        (tile) => job.finish(canvasOf(tile, painter), null, "context2d"),
        (fault) => {
          Exo.tell(fault.message);
          job.fail(fault.message, null);
        },
      );
    };
    return source;
  }

  function canvasOf(tile, painter) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [tile.width, tile.height];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    Object.assign(context, { exoTile: tile, exoPainter: painter, exoVersion: painter.version });
    painter.paint(context, tile);
    return context;
  }

  // To be called before a tile is drawn: paints it anew if the tone has changed since.
  function freshen(context) {
    const painter = context.exoPainter;
    if (painter && context.exoVersion !== painter.version) {
      painter.paint(context, context.exoTile);
      context.exoVersion = painter.version;
    }
  }

  Object.assign(Exo, { Layer, whiteOf, tileSource, freshen });
})(window.Exo);
