// The candidates: a list that can be sorted and filtered, and circles on the image.
window.Exo = window.Exo || {};

(function (Exo) {
  "use strict";

  const ROW = 22; // height of a row of the list, px
  const SHOWN = ["mark", "id", "peak_significance", "area_px", "flux", "x_raw", "y_raw", "flags"];
  const HEADS = {
    mark: "", id: "id", peak_significance: "σ", area_px: "px²", flux: "flux",
    x_raw: "x", y_raw: "y", flags: "flags",
  };
  const SIGNS = { keep: "✓", reject: "✗", "": "" };
  const COLOURS = { keep: "#56d364", reject: "#ff5c5c", "": "#ffe066" };
  const CHOSEN = "#ffffff";
  const SMALLEST_CIRCLE = 6; // px on the screen
  const LONG = 1e5; // numbers from here on are written with an exponent
  const DOT = 1.5; // px on the screen
  const MOST_CIRCLES = 800; // more in sight are drawn as dots: thousands would make moving jerk

  class Candidates {
    // columns: of the catalogue, arrays of one length; none where there is no catalogue.
    constructor(columns, marks, origin) {
      this.columns = columns;
      this.marks = marks;
      this.origin = origin;
      this.count = columns ? columns.id.length : 0;
      this.order = [];
      this.sort = { name: "peak_significance", down: true };
      this.filter = "all";
      this.chosen = -1;
      this.arrange();
    }

    at(k) {
      const [x, y] = [this.columns.x_raw[k], this.columns.y_raw[k]];
      return { id: this.columns.id[k], x, y, px: x + this.origin[0], py: y + this.origin[1] };
    }

    markOf(k) {
      return this.marks.get(this.columns.x_raw[k], this.columns.y_raw[k]);
    }

    cell(k, name) {
      return name === "mark" ? this.markOf(k) : this.columns[name][k];
    }

    arrange() {
      const { name, down } = this.sort;
      const wanted = { all: () => true, unmarked: (mark) => !mark };
      const pass = wanted[this.filter] || ((mark) => mark === this.filter);
      const all = Array.from({ length: this.count }, (_, k) => k);
      this.order = all.filter((k) => pass(this.markOf(k)));
      this.order.sort((a, b) => {
        const [p, q] = [this.cell(a, name), this.cell(b, name)];
        const sign = p < q ? -1 : p > q ? 1 : 0;
        return (down ? -sign : sign) || a - b;
      });
    }

    // Chooses the next (1) or previous (-1) one of the list.
    step(by) {
      if (this.order.length) {
        const here = this.order.indexOf(this.chosen);
        const next = here < 0 ? (by > 0 ? 0 : this.order.length - 1) : here + by;
        this.chosen = this.order[Math.min(Math.max(next, 0), this.order.length - 1)];
      }
    }

    // The one drawn nearest to a place of the padded image, within a distance; -1 for none.
    nearest(x, y, distance) {
      let best = -1;
      let least = distance * distance;
      for (const k of this.order) {
        const { px, py } = this.at(k);
        const square = (px - x) ** 2 + (py - y) ** 2;
        if (square < least) {
          [best, least] = [k, square];
        }
      }
      return best;
    }
  }

  // The list: only the rows in sight exist.
  class CandidateList {
    constructor(head, body, choose) {
      Object.assign(this, { head, body, choose, candidates: null });
      this.rows = document.createElement("div");
      this.rows.className = "rows";
      body.append(this.rows);
      body.addEventListener("scroll", () => this.draw());
      new ResizeObserver(() => this.draw()).observe(body);
      head.addEventListener("click", (event) => this.sortBy(event.target.dataset.column));
      this.rows.addEventListener("click", (event) => {
        const row = event.target.closest(".row");
        if (row) {
          this.choose(Number(row.dataset.k));
        }
      });
    }

    use(candidates) {
      this.candidates = candidates;
      this.body.scrollTop = 0;
      this.draw();
    }

    sortBy(name) {
      if (name && this.candidates) {
        const { sort } = this.candidates;
        this.candidates.sort = { name, down: sort.name === name ? !sort.down : name !== "id" };
        this.candidates.arrange();
        this.draw();
      }
    }

    draw() {
      if (!this.candidates) {
        return;
      }
      const { order, sort, chosen, columns } = this.candidates;
      const shown = SHOWN.filter((name) => name === "mark" || (columns && name in columns));
      this.head.replaceChildren(...shown.map((name) => headCell(name, sort)));
      this.rows.style.height = `${order.length * ROW}px`;
      const first = Math.max(0, Math.floor(this.body.scrollTop / ROW) - 5);
      const last = Math.min(order.length, first + Math.ceil(this.body.clientHeight / ROW) + 10);
      const rows = order.slice(first, last).map((k, place) => {
        const row = document.createElement("div");
        row.className = k === chosen ? "row chosen" : "row";
        row.dataset.k = k;
        row.style.top = `${(first + place) * ROW}px`;
        row.append(...shown.map((name) => bodyCell(name, this.candidates.cell(k, name))));
        return row;
      });
      this.rows.replaceChildren(...rows);
    }

    // Scrolls to the chosen one.
    reveal() {
      const place = this.candidates.order.indexOf(this.candidates.chosen);
      const top = place * ROW;
      const { scrollTop, clientHeight } = this.body;
      if (place >= 0 && (top < scrollTop || top + ROW > scrollTop + clientHeight)) {
        this.body.scrollTop = top - clientHeight / 2;
      }
      this.draw();
    }
  }

  function headCell(name, sort) {
    const cell = document.createElement("span");
    const arrow = sort.name === name ? (sort.down ? " ▼" : " ▲") : "";
    cell.className = `cell ${name}`;
    cell.dataset.column = name;
    cell.textContent = (HEADS[name] || (name === "mark" ? "✓✗" : name)) + arrow;
    cell.title = `Sort by ${name}`;
    return cell;
  }

  function rounded(name, value) {
    const whole = Number.isInteger(value) && (name === "id" || Math.abs(value) < LONG);
    if (typeof value !== "number" || whole) {
      return value;
    }
    if (Math.abs(value) >= LONG) {
      return value.toExponential(2);
    }
    return name === "x_raw" || name === "y_raw" ? value.toFixed(1) : Number(value.toPrecision(4));
  }

  function bodyCell(name, value) {
    const cell = document.createElement("span");
    cell.className = name === "mark" ? `cell mark ${value}` : `cell ${name}`;
    cell.textContent = name === "mark" ? SIGNS[value] : rounded(name, value);
    if (name === "flags") {
      cell.title = value;
    }
    return cell;
  }

  // Draws circles around what is in sight, on a canvas over the main viewer.
  function drawCircles(context, view, candidates) {
    const { width, height } = context.canvas;
    const zoom = view.zoom;
    if (!candidates.count || !zoom) {
      return;
    }
    const origin = view.pointOf(0, 0);
    const next = view.pointOf(1, 1);
    const [stepX, stepY] = [next.x - origin.x, next.y - origin.y];
    const { x_raw: xs, y_raw: ys } = candidates.columns;
    const [left, top] = candidates.origin;
    const seen = [];
    for (const k of candidates.order) {
      const x = origin.x + (xs[k] + left) * stepX;
      const y = origin.y + (ys[k] + top) * stepY;
      if (x > -50 && y > -50 && x < width + 50 && y < height + 50) {
        seen.push([k, x, y]);
      }
    }
    const dots = seen.length > MOST_CIRCLES;
    context.lineWidth = 1.5;
    for (const [k, x, y] of seen) {
      const colour = COLOURS[candidates.markOf(k)];
      if (dots) {
        context.fillStyle = colour;
        context.fillRect(x - DOT, y - DOT, 2 * DOT, 2 * DOT);
      } else {
        circle(context, x, y, radiusOf(candidates, k, zoom), colour);
      }
    }
    context.lineWidth = 3;
    for (const [k, x, y] of seen.filter(([number]) => number === candidates.chosen)) {
      circle(context, x, y, radiusOf(candidates, k, zoom), CHOSEN);
    }
  }

  function circle(context, x, y, radius, colour) {
    context.strokeStyle = colour;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
  }

  function radiusOf(candidates, k, zoom) {
    const size = Math.sqrt(candidates.columns.area_px[k] / Math.PI) * zoom;
    return Math.max(SMALLEST_CIRCLE, size + 4);
  }

  Object.assign(Exo, { Candidates, CandidateList, drawCircles });
})(window.Exo);
