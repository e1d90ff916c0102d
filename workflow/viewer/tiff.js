// Tiles out of the TIFF pyramids that the workflow writes, as numbers, without loss.
window.Exo = window.Exo || {};

(function (Exo) {
  "use strict";

  const BLOCK_BYTES = 65536; // in which the file's directories are read
  const CACHE_BYTES = 256e6; // of decoded tiles, all images together
  const TAG = {
    width: 256, height: 257, bits: 258, compression: 259, samples: 277, predictor: 317,
    tileWidth: 322, tileHeight: 323, offsets: 324, counts: 325, subIfds: 330, format: 339,
  };
  const NUMBERS = {
    "1-8": Uint8Array, "1-16": Uint16Array, "3-32": Float32Array, "3-64": Float64Array,
  };
  const NONE = 1;
  const DEFLATE = [8, 32946];

  const cache = new Map(); // "path level/column/row" -> promise of a tile, oldest first
  let cachedBytes = 0;

  function remember(key, promise, bytes) {
    cache.set(key, { promise, bytes });
    cachedBytes += bytes;
    for (const [old, entry] of cache) {
      if (cachedBytes <= CACHE_BYTES || old === key) {
        break;
      }
      cache.delete(old);
      cachedBytes -= entry.bytes;
    }
  }

  function recall(key) {
    const entry = cache.get(key);
    if (entry === undefined) {
      return null;
    }
    cache.delete(key);
    cache.set(key, entry);
    return entry.promise;
  }

  function forget(key) {
    const entry = cache.get(key);
    if (entry !== undefined) {
      cache.delete(key);
      cachedBytes -= entry.bytes;
    }
  }

  async function inflate(packed) {
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).arrayBuffer();
  }

  // Reads a file's directories through blocks, so that each takes few requests.
  class Directories {
    constructor(bytes) {
      this.bytes = bytes;
      this.blocks = new Map();
    }

    async view(start, count) {
      if (count > BLOCK_BYTES) {
        return new DataView(await this.bytes.read(start, count));
      }
      const first = Math.floor(start / BLOCK_BYTES);
      const last = Math.floor((start + count - 1) / BLOCK_BYTES);
      const joined = new Uint8Array((last - first + 1) * BLOCK_BYTES);
      for (let number = first; number <= last; number++) {
        if (!this.blocks.has(number)) {
          this.blocks.set(number, this.bytes.read(number * BLOCK_BYTES, BLOCK_BYTES));
        }
        const block = new Uint8Array(await this.blocks.get(number));
        joined.set(block, (number - first) * BLOCK_BYTES);
      }
      return new DataView(joined.buffer, start - first * BLOCK_BYTES, count);
    }

    async start() {
      const head = await this.view(0, 16);
      const version = head.getUint16(2, true);
      if (head.getUint16(0) !== 0x4949 || (version !== 42 && version !== 43)) {
        throw new Error("This is no TIFF pyramid as the workflow writes it.");
      }
      this.big = version === 43;
      return this.big ? Number(head.getBigUint64(8, true)) : head.getUint32(4, true);
    }

    async directory(start) {
      const [countBytes, entryBytes] = this.big ? [8, 20] : [2, 12];
      const head = await this.view(start, countBytes);
      const count = this.big ? Number(head.getBigUint64(0, true)) : head.getUint16(0, true);
      const view = await this.view(start + countBytes, count * entryBytes);
      const entries = new Map();
      for (let k = 0; k < count; k++) {
        entries.set(view.getUint16(k * entryBytes, true), { view, at: k * entryBytes });
      }
      return entries;
    }

    async values(entry) {
      if (entry === undefined) {
        return [];
      }
      const { view, at } = entry;
      const type = view.getUint16(at + 2, true);
      const count = this.big ? Number(view.getBigUint64(at + 4, true)) : view.getUint32(at + 4, true);
      const size = { 1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8 }[type];
      if (size === undefined) {
        throw new Error(`The TIFF's directory has a value of type ${type}, expected an integer.`);
      }
      const place = at + (this.big ? 12 : 8);
      if (count * size <= (this.big ? 8 : 4)) {
        return integers(view, place, size, count);
      }
      const start = this.big ? Number(view.getBigUint64(place, true)) : view.getUint32(place, true);
      return integers(await this.view(start, count * size), 0, size, count);
    }
  }

  function integers(view, start, size, count) {
    const read = {
      1: (at) => view.getUint8(at),
      2: (at) => view.getUint16(at, true),
      4: (at) => view.getUint32(at, true),
      8: (at) => Number(view.getBigUint64(at, true)),
    }[size];
    return Array.from({ length: count }, (_, k) => read(start + k * size));
  }

  class Pyramid {
    // levels: of each its width, height, tile, tile offsets and byte counts; the full image first.
    constructor(path, bytes, levels, Numbers) {
      Object.assign(this, { path, bytes, levels, Numbers });
      [this.width, this.height, this.tile] = [levels[0].width, levels[0].height, levels[0].tile];
    }

    static async open(path) {
      const bytes = Exo.openBytes(path);
      const file = new Directories(bytes);
      const first = await file.directory(await file.start());
      const others = await file.values(first.get(TAG.subIfds));
      const directories = [first];
      for (const start of others) {
        directories.push(await file.directory(start));
      }
      const levels = await Promise.all(directories.map((entries) => describeLevel(file, entries)));
      return new Pyramid(path, bytes, levels, levels[0].Numbers);
    }

    // A tile, cropped to the image: {pixels, width, height}.
    readTile(level, column, row) {
      const key = `${this.path} ${level}/${column}/${row}`;
      const known = recall(key);
      if (known !== null) {
        return known;
      }
      const promise = this.decodeTile(level, column, row);
      remember(key, promise, this.tile * this.tile * this.Numbers.BYTES_PER_ELEMENT);
      promise.catch(() => forget(key));
      return promise;
    }

    async decodeTile(number, column, row) {
      const level = this.levels[number];
      const k = row * Math.ceil(level.width / this.tile) + column;
      const packed = await this.bytes.read(level.offsets[k], level.counts[k]);
      const raw = level.compression === NONE ? packed : await inflate(packed).catch(() => null);
      const whole = new this.Numbers(raw || 0);
      if (whole.length !== this.tile * this.tile) {
        throw new Error(`${this.path} is damaged, or was made anew meanwhile: reload this page.`);
      }
      const width = Math.min(this.tile, level.width - column * this.tile);
      const height = Math.min(this.tile, level.height - row * this.tile);
      if (width === this.tile) {
        return { pixels: whole.subarray(0, width * height), width, height };
      }
      const pixels = new this.Numbers(width * height);
      for (let y = 0; y < height; y++) {
        pixels.set(whole.subarray(y * this.tile, y * this.tile + width), y * width);
      }
      return { pixels, width, height };
    }

    // The value of one pixel of the full image, as it stands in the file.
    async value(x, y) {
      const column = Math.floor(x / this.tile);
      const row = Math.floor(y / this.tile);
      const tile = await this.readTile(0, column, row);
      return tile.pixels[(y - row * this.tile) * tile.width + x - column * this.tile];
    }
  }

  async function describeLevel(file, entries) {
    const tags = {};
    for (const [name, tag] of Object.entries(TAG)) {
      tags[name] = await file.values(entries.get(tag));
    }
    const numbers = `${tags.format[0] || 1}-${tags.bits[0]}`;
    const compression = tags.compression[0];
    const plain = (tags.predictor[0] || 1) === 1 && (tags.samples[0] || 1) === 1;
    const square = tags.tileWidth[0] > 0 && tags.tileWidth[0] === tags.tileHeight[0];
    const packed = compression === NONE || DEFLATE.includes(compression);
    if (!(numbers in NUMBERS && plain && square && packed)) {
      throw new Error("This is no TIFF pyramid as the workflow writes it.");
    }
    return {
      width: tags.width[0],
      height: tags.height[0],
      tile: tags.tileWidth[0],
      offsets: tags.offsets,
      counts: tags.counts,
      compression,
      Numbers: NUMBERS[numbers],
    };
  }

  Exo.Pyramid = Pyramid;
})(window.Exo);
