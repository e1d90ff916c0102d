// The page as a whole: which pair is shown, and what every control does.
(function (Exo) {
  "use strict";

  const { element } = Exo;
  const CLOSE = 6; // screen pixels of an image pixel when a candidate is flown to
  const PIXELS = 24; // ... and when single pixels are asked for
  const NEAR = 14; // screen px within which a click finds a candidate
  const WAIT = 60; // ms that the cursor must rest before its pixel is read

  const view = new Exo.View(element("viewerA"), element("viewerB"), element("divider"));
  const readout = new Exo.Readout(element("readout"));
  const list = new Exo.CandidateList(element("heads"), element("list"), chooseCandidate);
  const tones = [0, 1].map((slot) => new Exo.ToneControl(slot, (changed) => view.paint(changed)));
  const state = { pair: null, layers: [], candidates: null, marks: null, turn: 0 };
  const { batch } = Exo;

  function chosenPair() {
    return batch.pairs[Number(element("pair").value)];
  }

  function chosenVariant() {
    return chosenPair().variants[Number(element("variant").value)];
  }

  function offerVariants(suffix) {
    const { variants } = chosenPair();
    const at = Math.max(0, variants.findIndex((variant) => variant.suffix === suffix));
    Exo.fill(element("variant"), variants.map((v, k) => [String(k), v.name]), String(at));
  }

  // Loads the chosen pair and variant, keeping place, mode and tones.
  async function openPair(wanted = {}) {
    const turn = ++state.turn;
    if (!Exo.canRead()) {
      Exo.tell(
        "A page on disk may not read the images beside it. Press “open the results' folder” and " +
          "choose the folder that holds the samples' results; or run: python3 serve.py",
      );
      element("opener").classList.add("on");
    }
    const pair = await Exo.loadPair(chosenVariant().files);
    if (turn !== state.turn) {
      return;
    }
    takePair(pair);
    if (pair && Exo.canRead()) {
      try {
        await openLayers(pair, wanted, turn);
      } catch (fault) {
        Exo.tell(fault.message);
      }
    }
    document.body.dataset.ready = turn;
  }

  function takePair(pair) {
    const { sample, dye } = chosenPair();
    view.clear();
    state.layers = [];
    state.pair = pair;
    const whose = { sample, dye, variant: chosenVariant().suffix };
    state.marks = new Exo.Marks(batch.id, whose);
    const origin = pair ? pair.origin : [0, 0];
    state.candidates = new Exo.Candidates(pair && pair.candidates, state.marks, origin);
    state.candidates.filter = element("filter").value;
    state.candidates.arrange();
    list.use(state.candidates);
    tellVerdict(pair);
    tellMarks();
    if (!pair) {
      Exo.tell("This pair is not finished, or it failed: see report.html in the results' folder.");
    } else if (Exo.canRead()) {
      Exo.tell("");
    }
  }

  async function openLayers(pair, wanted, turn) {
    const layers = await Promise.all(pair.layers.map((layer) => Exo.Layer.open(layer)));
    const white = await Exo.whiteOf(layers.find((layer) => layer.key === "post").pyramid);
    if (turn !== state.turn) {
      return;
    }
    layers.forEach((layer) => layer.useWhite(white, pair.scale));
    state.layers = layers;
    const keys = layers.map((layer) => layer.key);
    const last = ["pre3", "pre2"].find((key) => keys.includes(key)) || keys[keys.length - 1];
    for (const [slot, fallback] of [[0, "post"], [1, last]]) {
      const id = "layer" + "AB"[slot];
      const key = [wanted["AB"[slot]], element(id).value].find((k) => keys.includes(k));
      Exo.fill(element(id), layers.map((l) => [l.key, l.name]), key || fallback);
    }
    await Promise.all([useLayer(0), useLayer(1)]);
    // Pairs of one sample are looked at in one place; another sample is seen whole first.
    const sameSample = state.sample === chosenPair().sample;
    state.sample = chosenPair().sample;
    if (wanted.x) {
      view.flyTo(Number(wanted.x), Number(wanted.y), Number(wanted.zoom), true);
    } else if (!sameSample) {
      view.goHome(true);
    }
  }

  async function useLayer(slot) {
    const key = element("layer" + "AB"[slot]).value;
    const layer = state.layers.find((each) => each.key === key);
    if (layer) {
      tones[slot].use(layer);
      await view.show(slot, layer);
      tellNames();
    }
  }

  function tellVerdict(pair) {
    const box = element("verdict");
    box.replaceChildren();
    if (pair) {
      const verdict = document.createElement("b");
      verdict.className = pair.verdict || "none";
      verdict.textContent = pair.verdict || "not judged";
      const facts = [
        pair.accuracy_px === null ? "" : `, accuracy ${pair.accuracy_px.toFixed(3)} px`,
        pair.scale === null ? "" : `, scale ${pair.scale.toFixed(4)}`,
      ];
      const rest = pair.whole ? "" : " Not finished, or failed: see report.html.";
      box.append("Alignment: ", verdict, `${facts.join("")}. ${pair.reasons.join("; ")}${rest}`);
    }
  }

  function tellNames() {
    const names = view.slots.map((slot) => (slot ? slot.layer.name : ""));
    const front = document.body.dataset.front;
    const shown = {
      single: [names["AB".indexOf(front)], ""],
      blink: [names["AB".indexOf(front)], ""],
      overlay: [`${names[0]} (green) + ${names[1]} (magenta)`, ""],
    }[view.mode] || names;
    const spans = shown.map((text) =>
      Object.assign(document.createElement("span"), { textContent: text }),
    );
    element("names").replaceChildren(...spans);
  }

  function tellMarks() {
    const { candidates, marks } = state;
    element("counted").textContent = `${candidates.count} candidates`;
    element("marked").textContent = `${marks.count("keep")} kept, ${marks.count("reject")} rejected`;
  }

  function chooseMode(mode) {
    view.setMode(mode);
    document.querySelectorAll("#modes button").forEach((button) => {
      button.classList.toggle("on", button.dataset.mode === mode);
    });
    tellNames();
  }

  function chooseSpeed(seconds) {
    view.setSpeed(seconds);
    element("speed").value = view.seconds;
    element("seconds").textContent = view.seconds.toFixed(1);
  }

  function chooseCandidate(k) {
    state.candidates.chosen = k;
    if (k >= 0) {
      const { px, py } = state.candidates.at(k);
      view.flyTo(px, py, Math.max(CLOSE, view.zoom));
    }
    list.reveal();
    draw();
  }

  function stepCandidate(by) {
    state.candidates.step(by);
    chooseCandidate(state.candidates.chosen);
  }

  function mark(what) {
    const { candidates, marks } = state;
    if (candidates.chosen >= 0) {
      marks.set(candidates.at(candidates.chosen), what);
      list.draw();
      tellMarks();
      draw();
    }
  }

  function filterCandidates() {
    state.candidates.filter = element("filter").value;
    state.candidates.arrange();
    list.use(state.candidates);
    draw();
  }

  // Circles and scale bar, over the main viewer.
  function draw() {
    const canvas = element("marks");
    const { clientWidth, clientHeight } = view.main.element;
    const ratio = window.devicePixelRatio || 1;
    [canvas.width, canvas.height] = [clientWidth * ratio, clientHeight * ratio];
    canvas.style.width = `${clientWidth}px`;
    canvas.style.height = `${clientHeight}px`;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    view.chooseSmoothing();
    if (state.pair && view.zoom) {
      if (element("circles").checked) {
        Exo.drawCircles(context, view, state.candidates);
      }
      Exo.drawScaleBar(context, view.zoom, state.pair.pixel_size_um, clientWidth, clientHeight);
    }
    tellNames();
    remember();
  }

  let remembering = null;

  function remember() {
    clearTimeout(remembering);
    remembering = setTimeout(() => {
      const item = view.items[0][0];
      if (item && state.pair) {
        const centre = item.viewportToImageCoordinates(view.main.viewport.getCenter(true));
        const [x, y] = [centre.x - 0.5, centre.y - 0.5].map((v) => v.toFixed(1));
        const { sample, dye } = chosenPair();
        const [A, B] = [element("layerA").value, element("layerB").value];
        const zoom = view.zoom.toPrecision(4);
        const { mode } = view;
        const variant = chosenVariant().suffix;
        Exo.writeAddress({ sample, dye, variant, A, B, mode, x, y, zoom });
      }
    }, 300);
  }

  function save() {
    const { sample, dye } = chosenPair();
    const variant = chosenVariant().suffix;
    const title = `${sample} ${dye} ${variant} - ${element("names").innerText.replace("\n", " | ")}`;
    Exo.picture(view, element("marks"), title).toBlob((blob) => {
      Exo.download(`${sample}_${dye}${variant}_view.png`, blob);
    });
  }

  function exportMarks() {
    Exo.download("marks.csv", new Blob([state.marks.table()], { type: "text/csv" }));
  }

  const showPixels = () => view.zoomTo(PIXELS);

  function stepPair(by) {
    const at = Number(element("pair").value) + by;
    if (at >= 0 && at < batch.pairs.length) {
      element("pair").value = at;
      offerVariants(chosenVariant() ? chosenVariant().suffix : "");
      openPair();
    }
  }

  const KEYS = [
    ["1", "one image at a time", () => chooseMode("single")],
    ["2 b", "blink", () => chooseMode(view.mode === "blink" ? "single" : "blink")],
    ["3", "swipe", () => chooseMode("swipe")],
    ["4", "side by side", () => chooseMode("side")],
    ["5", "both in two colours", () => chooseMode("overlay")],
    ["space", "the other one of A and B", () => view.flip()],
    [", .", "blink faster, slower", (e) => chooseSpeed(view.seconds * (e.key === "," ? 0.8 : 1.25))],
    ["n j", "next candidate of the list", () => stepCandidate(1)],
    ["N h", "previous candidate", () => stepCandidate(-1)],
    ["k", "keep the candidate", () => mark("keep")],
    ["r", "reject it", () => mark("reject")],
    ["u", "take its mark back", () => mark("")],
    ["c", "candidates on and off", () => element("circles").click()],
    ["e", "export the marks as CSV", exportMarks],
    ["p", "save the view as PNG", save],
    ["+ =", "zoom in", () => view.zoomBy(1.5)],
    ["- _", "zoom out", () => view.zoomBy(1 / 1.5)],
    ["ArrowLeft", "move left", () => view.pan(-1, 0)],
    ["ArrowRight", "move right", () => view.pan(1, 0)],
    ["ArrowUp", "move up", () => view.pan(0, -1)],
    ["ArrowDown", "move down", () => view.pan(0, 1)],
    ["0", "the whole image", () => view.goHome()],
    ["x", "single pixels", showPixels],
    ["] PageDown", "next pair", () => stepPair(1)],
    ["[ PageUp", "previous pair", () => stepPair(-1)],
    ["?", "these keys", () => element("keys").showModal()],
  ];

  function listenToMouse() {
    view.onMove(WAIT, (pixel) => readout.show(pixel, state.pair, state.layers));
    view.onClick((pixel) => {
      const shown = state.candidates && element("circles").checked;
      const found = shown ? state.candidates.nearest(...pixel, NEAR / view.zoom) : -1;
      if (found >= 0) {
        chooseCandidate(found);
      }
    });
  }

  function listen() {
    const on = (id, event, act) => element(id).addEventListener(event, act);
    on("pair", "change", () => {
      offerVariants("");
      openPair();
    });
    on("variant", "change", () => openPair());
    on("layerA", "change", () => useLayer(0));
    on("layerB", "change", () => useLayer(1));
    on("speed", "input", () => chooseSpeed(Number(element("speed").value)));
    on("circles", "change", draw);
    on("filter", "change", filterCandidates);
    on("home", "click", () => view.goHome());
    on("pixels", "click", showPixels);
    on("save", "click", save);
    on("export", "click", exportMarks);
    on("help", "click", () => element("keys").showModal());
    on("modes", "click", (event) => event.target.dataset.mode && chooseMode(event.target.dataset.mode));
    on("folder", "change", (event) => {
      Exo.offerFiles(event.target.files);
      openPair(Exo.readAddress());
    });
    view.onDraw(draw);
    window.addEventListener("resize", draw);
    Exo.listenToKeys(KEYS);
    listenToMouse();
  }

  function start() {
    if (!batch || !batch.pairs.length) {
      Exo.tell("There is no pair to show. Run: snakemake --cores 2 viewer");
      return;
    }
    const wanted = Exo.readAddress();
    const same = (pair) => pair.sample === wanted.sample && pair.dye === wanted.dye;
    const at = Math.max(0, batch.pairs.findIndex(same));
    const names = batch.pairs.map(({ sample, dye }, k) => [String(k), `${sample} / ${dye}`]);
    Exo.fill(element("pair"), names, String(at));
    offerVariants(wanted.variant);
    listen();
    chooseMode(Exo.MODES.includes(wanted.mode) ? wanted.mode : "single");
    openPair(wanted);
  }

  // For tests and for the curious.
  Object.assign(Exo, { view, state });
  start();
})(window.Exo);
