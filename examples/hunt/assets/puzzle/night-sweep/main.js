// Night Sweep: a lamp to turn, a dark sea, and twelve boats.
import { HALF_BEAM, bearingOf, inBeam, place, spoken, wrap } from "./lib.js";
import { pennants } from "./pennants/pennants.js";
import { svg } from "../../lib/svg.js";

const RADIUS = 290;
const stage = document.getElementById("sweep");
const bell = new Audio(new URL("bell.wav", import.meta.url).href);
bell.preload = "none";

// Which picture a boat has stands in boats.json, so nobody who reads this
// script can tell which files it loads. A string like this one says so: when
// the hunt is published, an object takes its place, from the path of every
// file that matches to its new URL. In the sources it's only a string, which
// has no such path in it, and the file is where its path says.
const PICTURES = "$$ASSETS(rigs/*.svg)$$";
const picture = (path) => PICTURES[path] ?? new URL(path, import.meta.url).href;

start(await (await fetch(new URL("boats.json", import.meta.url))).json());

function start(boats) {
  const beam = drawBeam();
  const fleet = boats.map((boat) => ({ ...boat, drawing: drawBoat(boat), seen: false }));
  const sea = drawSea(beam, fleet);
  const { controls, slider, ring, words, log } = drawControls();
  stage.replaceChildren(sea, controls);

  const turnTo = (bearing) => {
    slider.value = bearing;
    slider.setAttribute("aria-valuetext", spoken(bearing));
    beam.setAttribute("transform", `rotate(${bearing})`);
    const lit = fleet.filter((boat) => inBeam(boat, bearing));
    for (const boat of fleet) boat.drawing.classList.toggle("lit", lit.includes(boat));
    const view = lit.map(describe).join(" ") || "Dark water.";
    if (words.textContent !== view) words.textContent = view; // said aloud once, not at every degree
    const found = lit.filter((boat) => !boat.seen);
    if (found.length) record(found);
  };

  const record = (found) => {
    for (const boat of found) boat.seen = true;
    log.replaceChildren(...fleet.filter((boat) => boat.seen).map(logLine));
    if (ring.checked) {
      bell.currentTime = 0;
      bell.play().catch(() => {}); // a browser may refuse; the boat is there all the same
    }
  };

  const follow = (event) => {
    const box = sea.getBoundingClientRect();
    turnTo(bearingOf(event.clientX - box.x - box.width / 2, event.clientY - box.y - box.height / 2));
  };
  sea.addEventListener("pointerdown", (event) => {
    sea.setPointerCapture(event.pointerId);
    follow(event);
  });
  sea.addEventListener("pointermove", (event) => {
    if (event.buttons) follow(event);
  });
  slider.addEventListener("input", () => turnTo(wrap(slider.valueAsNumber)));
  turnTo(20);
}

function pennant(boat) {
  return boat.pennant === null ? "⚓" : spoken(boat.pennant);
}

function describe(boat) {
  const sign = boat.pennant === null ? "an anchor" : pennant(boat);
  return `On ${spoken(boat.bearing)}: letter ${boat.letter}, pennant ${sign}.`;
}

function logLine(boat) {
  const line = document.createElement("li");
  line.textContent = `${spoken(boat.bearing)}: ${boat.letter}, pennant ${pennant(boat)}`;
  return line;
}

function drawSea(beam, fleet) {
  const rings = [95, 190, RADIUS].map((r) => svg("circle", { r, class: "ring" }));
  const marks = Array.from({ length: 12 }, (_, i) => {
    const { x, y } = place(i * 30, RADIUS + 18);
    return svg("text", { x, y: y + 5, class: "mark" }, spoken(i * 30));
  });
  return svg(
    "svg",
    { viewBox: "-325 -325 650 650", class: "sea", "aria-hidden": "true" },
    svg("circle", { r: RADIUS, class: "water" }),
    beam,
    ...rings,
    ...marks,
    ...fleet.map((boat) => boat.drawing),
    svg("circle", { r: 12, class: "lamp" }),
  );
}

function drawBeam() {
  const left = place(-HALF_BEAM, RADIUS);
  const right = place(HALF_BEAM, RADIUS);
  const d = `M0 0L${left.x} ${left.y}A${RADIUS} ${RADIUS} 0 0 1 ${right.x} ${right.y}Z`;
  return svg("path", { d, class: "beam" });
}

function drawBoat(boat) {
  const { x, y } = place(boat.bearing, boat.distance);
  return svg(
    "g",
    { class: "boat", transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` },
    svg("image", { href: picture(boat.picture), x: -32, y: -52, width: 64, height: 84 }),
    svg("text", { y: 8, class: "letter" }, boat.letter),
    svg("path", { d: "M0-52h44l-9 9 9 9H0z", class: "pennant" }),
    svg("text", { x: 17, y: -38, class: "number" }, pennant(boat)),
    ...drawHoist(boat),
  );
}

/** The pennant's number once more, in flags from the top down. */
function drawHoist(boat) {
  if (boat.pennant === null) return [];
  const flag = (href, i) => svg("image", { href, x: 47, y: 14 * i - 52, width: 22, height: 13 });
  return pennants(spoken(boat.pennant)).map(flag);
}

function drawControls() {
  const controls = document.createElement("div");
  controls.className = "controls";
  controls.innerHTML = `
    <label>Turn the lamp <input type="range" min="0" max="359" step="1"></label>
    <label class="bell"><input type="checkbox"> Ring the bell for every new boat</label>
    <p class="words" aria-live="polite"></p>
    <h2>Logbook</h2>
    <ol class="log" aria-label="Boats seen so far"></ol>`;
  return {
    controls,
    slider: controls.querySelector("[type=range]"),
    ring: controls.querySelector("[type=checkbox]"),
    words: controls.querySelector(".words"),
    log: controls.querySelector(".log"),
  };
}
