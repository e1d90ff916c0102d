// Two images on the screen: one at a time, blinking, swiped, side by side, or in two colours.
window.Exo = window.Exo || {};

(function (Exo) {
  "use strict";

  const MODES = ["single", "blink", "swipe", "side", "overlay"];
  const MOST_PIXELS = 48; // screen pixels of an image pixel, zoomed in as far as it goes
  const TILES_KEPT = 150; // canvases of a megabyte

  class View {
    constructor(left, right, divider) {
      this.divider = divider;
      this.viewers = [left, right].map((element) => this.makeViewer(element));
      this.slots = [null, null]; // of A and B: {layer, painter}
      this.items = [[], []]; // of each viewer: its images A and B
      this.mode = "single";
      this.front = 0; // which of A and B is seen where one is seen at a time
      this.swipe = 0.5;
      this.seconds = 0.7;
      this.timer = null;
      this.listeners = [];
      this.linkViewers();
      this.followDivider();
    }

    makeViewer(element) {
      const viewer = OpenSeadragon({
        element,
        drawer: "canvas",
        showNavigationControl: false,
        imageSmoothingEnabled: false,
        subPixelRoundingForTransparency: {
          "*": OpenSeadragon.SUBPIXEL_ROUNDING_OCCURRENCES.ALWAYS,
        },
        smoothTileEdgesMinZoom: Infinity,
        maxZoomPixelRatio: MOST_PIXELS,
        minZoomImageRatio: 0.8,
        visibilityRatio: 0.2,
        maxImageCacheCount: TILES_KEPT,
        preserveViewport: true,
        gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
        animationTime: 0.6,
        crossOriginPolicy: false,
      });
      // The page has keys of its own.
      viewer.addHandler("canvas-key", (event) => (event.preventDefaultAction = true));
      viewer.addHandler("tile-drawing", (event) => Exo.freshen(event.rendered));
      viewer.addHandler("viewport-change", () => this.placeSwipe());
      viewer.addHandler("update-viewport", () => this.listeners.forEach((listen) => listen()));
      return viewer;
    }

    get main() {
      return this.viewers[0];
    }

    onDraw(listener) {
      this.listeners.push(listener);
    }

    // Both viewers show the same place, whichever is moved.
    linkViewers() {
      let leader = null;
      const follow = (from, to) => () => {
        if (leader !== null || this.mode !== "side" || !to.world.getItemCount()) {
          return;
        }
        leader = from;
        to.viewport.zoomTo(from.viewport.getZoom(true), undefined, true);
        to.viewport.panTo(from.viewport.getCenter(true), true);
        to.viewport.applyConstraints(true);
        leader = null;
      };
      this.viewers.forEach((viewer, k) => {
        viewer.addHandler("viewport-change", follow(viewer, this.viewers[1 - k]));
      });
    }

    followDivider() {
      const move = (event) => {
        const box = this.main.element.getBoundingClientRect();
        this.swipe = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
        this.placeSwipe();
      };
      this.divider.addEventListener("pointerdown", (event) => {
        this.divider.setPointerCapture(event.pointerId);
        this.divider.addEventListener("pointermove", move);
      });
      this.divider.addEventListener("pointerup", () => {
        this.divider.removeEventListener("pointermove", move);
      });
    }

    // Puts a layer into slot 0 (A) or 1 (B); resolves when OpenSeadragon has it.
    async show(slot, layer) {
      const painter = new Exo.Painter(layer.white, layer.signed);
      this.slots[slot] = { layer, painter };
      this.paint(slot);
      const source = Exo.tileSource(layer, painter, slot);
      const viewers = slot === 0 ? [0] : [0, 1];
      await Promise.all(viewers.map((number) => this.put(number, slot, source)));
      this.arrange();
    }

    put(number, slot, source) {
      const world = this.viewers[number].world;
      const old = this.items[number][slot];
      return new Promise((resolve, reject) => {
        this.viewers[number].addTiledImage({
          tileSource: source,
          preload: true,
          index: old ? world.getIndexOfItem(old) : undefined,
          replace: Boolean(old),
          width: 1,
          success: ({ item }) => {
            this.items[number][slot] = item;
            resolve();
          },
          error: ({ message }) => reject(new Error(message)),
        });
      });
    }

    // Forgets all images; the place on the screen is kept for the next ones.
    clear() {
      this.viewers.forEach((viewer) => viewer.world.removeAll());
      this.slots = [null, null];
      this.items = [[], []];
    }

    // Applies a layer's tone to where it is shown.
    paint(slot) {
      const shown = this.slots[slot];
      if (shown) {
        const ramps = this.mode === "overlay" ? ["green", "magenta"] : [null, null];
        const plain = shown.layer.signed ? "difference" : "grey";
        shown.painter.set(shown.layer.tone, ramps[slot] || plain);
        this.viewers.forEach((viewer) => viewer.forceRedraw());
      }
    }

    setMode(mode) {
      this.mode = mode;
      this.front = 0;
      document.body.dataset.mode = mode;
      this.setTimer();
      [0, 1].forEach((slot) => this.paint(slot));
      this.viewers.forEach((viewer) => viewer.forceResize());
      if (mode === "side" && this.viewers[1].world.getItemCount()) {
        const { viewport } = this.viewers[1];
        viewport.zoomTo(this.main.viewport.getZoom(true), undefined, true);
        viewport.panTo(this.main.viewport.getCenter(true), true);
      }
      this.arrange();
    }

    setSpeed(seconds) {
      this.seconds = Math.min(Math.max(seconds, 0.1), 5);
      this.setTimer();
    }

    setTimer() {
      clearInterval(this.timer);
      if (this.mode === "blink") {
        this.timer = setInterval(() => this.flip(), this.seconds * 1000);
      }
    }

    // Shows the other one of A and B.
    flip() {
      this.front = 1 - this.front;
      this.arrange();
    }

    // Which image is seen, and how, by the mode.
    arrange() {
      const [a, b] = this.items[0];
      if (!a || !b) {
        return;
      }
      const both = this.mode === "swipe" || this.mode === "overlay";
      a.setOpacity(both || this.mode === "side" || this.front === 0 ? 1 : 0);
      b.setOpacity(both || (this.mode !== "side" && this.front === 1) ? 1 : 0);
      b.setCompositeOperation(this.mode === "overlay" ? "lighter" : null);
      document.body.dataset.front = "AB"[this.front];
      this.placeSwipe();
      this.listeners.forEach((listen) => listen());
    }

    // In swipe mode B is seen to the right of the divider.
    placeSwipe() {
      const b = this.items[0] && this.items[0][1];
      if (!b) {
        return;
      }
      if (this.mode !== "swipe") {
        if (b.getClip()) {
          b.setClip(null);
        }
        return;
      }
      const size = this.main.viewport.getContainerSize();
      this.divider.style.left = `${this.swipe * 100}%`;
      const edge = new OpenSeadragon.Point(this.swipe * size.x, 0);
      const x = b.viewerElementToImageCoordinates(edge).x;
      const whole = b.getContentSize();
      const left = Math.min(Math.max(x, 0), whole.x);
      b.setClip(new OpenSeadragon.Rect(left, 0, whole.x - left, whole.y));
    }

    // Smooth where pixels are smaller than the screen's, sharp where they are larger.
    chooseSmoothing() {
      this.viewers.forEach((viewer, number) => {
        const item = this.items[number][1];
        if (item) {
          const smooth = item.viewportToImageZoom(viewer.viewport.getZoom(true)) < 1;
          if (viewer.exoSmooth !== smooth) {
            viewer.exoSmooth = smooth;
            viewer.drawer.setImageSmoothingEnabled(smooth);
          }
        }
      });
    }

    goHome(immediately = false) {
      this.main.viewport.goHome(immediately);
    }

    // Moves by shares of the view's size.
    pan(x, y) {
      const { viewport } = this.main;
      const bounds = viewport.getBounds();
      viewport.panBy(new OpenSeadragon.Point(x * bounds.width * 0.2, y * bounds.height * 0.2));
      viewport.applyConstraints();
    }

    zoomBy(factor) {
      this.main.viewport.zoomBy(factor);
      this.main.viewport.applyConstraints();
    }

    // Screen pixels that an image pixel shall take.
    zoomTo(pixels) {
      const item = this.items[0][0];
      if (item) {
        this.main.viewport.zoomTo(item.imageToViewportZoom(pixels));
      }
    }

    // Moves to a place, (x, y) of the padded image where a pixel's centre is a whole number.
    flyTo(x, y, pixels, immediately = false) {
      const item = this.items[0][0];
      if (item) {
        const centre = item.imageToViewportCoordinates(x + 0.5, y + 0.5);
        this.main.viewport.panTo(centre, immediately);
        this.main.viewport.zoomTo(item.imageToViewportZoom(pixels), undefined, immediately);
      }
    }

    // Screen pixels that an image pixel takes; 0 where there is no image yet.
    get zoom() {
      const item = this.items[0][0];
      return item ? item.viewportToImageZoom(this.main.viewport.getZoom(true)) : 0;
    }

    // Calls back with the pixel under the cursor (null beside the image) when it rests so many ms.
    onMove(milliseconds, listen) {
      this.viewers.forEach((viewer, number) => {
        let waiting = null;
        new OpenSeadragon.MouseTracker({
          element: viewer.container,
          moveHandler: ({ position }) => {
            clearTimeout(waiting);
            waiting = setTimeout(() => listen(this.pixelAt(number, position)), milliseconds);
          },
        });
      });
    }

    // Calls back with the pixel that was clicked.
    onClick(listen) {
      this.viewers.forEach((viewer, number) => {
        viewer.addHandler("canvas-click", ({ quick, position }) => {
          const pixel = quick && this.pixelAt(number, position);
          if (pixel) {
            listen(pixel);
          }
        });
      });
    }

    // Pixel of the padded image under a point of a viewer, or null beside the image.
    pixelAt(number, point) {
      const item = this.items[number][1];
      if (!item) {
        return null;
      }
      const { x, y } = item.viewerElementToImageCoordinates(point);
      const size = item.getContentSize();
      const inside = x >= 0 && y >= 0 && x < size.x && y < size.y;
      return inside ? [Math.floor(x), Math.floor(y)] : null;
    }

    // Point of the main viewer that shows a place of the padded image.
    pointOf(x, y) {
      const item = this.items[0][0];
      return item.imageToViewerElementCoordinates(new OpenSeadragon.Point(x + 0.5, y + 0.5));
    }
  }

  Object.assign(Exo, { View, MODES });
})(window.Exo);
