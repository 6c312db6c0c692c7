// Regions painted on a picture: with brush, mouse, finger or pen; or as rectangles by numbers.

import { attempt, find, make } from "./page.js";
import { upload, view } from "./server.js";
import { word } from "./words.js";

// From dark to light, the order in which styles are given to regions; far enough apart to be told from each other.
const COLORS = ["#000000", "#1d3fd1", "#d6322a", "#2aa84a", "#f5c518", "#ffffff"];
const LEVELS = COLORS.map((color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16)));
const LONGEST = 1024; // pixels
const MOST_UNDONE = 20;

const canvas = find("mask-canvas");
const brush = canvas.getContext("2d", { willReadFrequently: true });
let color = 1;
let undone = [];
let last = null; // where the brush was

/** Lets the user paint regions on a picture; returns the mask's name, "" for none, undefined where nothing is to change. */
export async function paintMask(picture) {
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  brush.fillStyle = COLORS[0];
  brush.fillRect(0, 0, canvas.width, canvas.height);
  if (picture.mask) brush.drawImage(await loaded(view(picture.mask)), 0, 0, canvas.width, canvas.height);
  undone = [];
  find("mask-picture").src = view(picture.picture);
  find("mask").showModal();
  const answer = await new Promise((done) => {
    find("mask-done").onclick = () => done("done");
    find("mask-none").onclick = () => done("none");
    find("mask-cancel").onclick = () => done("cancel");
    find("mask").oncancel = () => done("cancel");
  });
  find("mask").close();
  if (answer === "cancel") return undefined;
  return answer === "none" ? "" : attempt(async () => (await upload(await drawn(), "mask.png")).picture);
}

/** Readies the tools. */
export function build() {
  COLORS.forEach((each, number) => {
    const input = make("input", { type: "radio", name: "mask-color", value: number, checked: number === color, className: "hidden" });
    input.addEventListener("change", () => { color = number; });
    const swatch = make("span", { className: "swatch" });
    swatch.style.background = each;
    const text = make("span", { textContent: word("region_n", { n: number + 1 }) });
    find("mask-colors").append(make("label", {}, input, swatch, text));
  });
  canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    remember();
    last = null;
    stroke(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) for (const each of event.getCoalescedEvents?.() ?? [event]) stroke(each);
  });
  find("brush").addEventListener("input", drawBrush);
  find("rect-fill").addEventListener("click", fillRectangle);
  find("mask-undo").addEventListener("click", () => undone.length && brush.putImageData(undone.pop(), 0, 0));
  find("mask-clear").addEventListener("click", () => {
    remember();
    brush.fillStyle = COLORS[0];
    brush.fillRect(0, 0, canvas.width, canvas.height);
  });
  drawBrush();
}

function drawBrush() {
  find("brush-value").textContent = `${find("brush").value} %`;
}

function remember() {
  undone.push(brush.getImageData(0, 0, canvas.width, canvas.height));
  undone = undone.slice(-MOST_UNDONE);
}

function stroke(event) {
  const box = canvas.getBoundingClientRect();
  const here = [((event.clientX - box.left) / box.width) * canvas.width, ((event.clientY - box.top) / box.height) * canvas.height];
  brush.strokeStyle = COLORS[color];
  brush.lineWidth = Math.max(1, (find("brush").value / 100) * Math.max(canvas.width, canvas.height));
  brush.lineCap = brush.lineJoin = "round";
  brush.beginPath();
  brush.moveTo(...(last ?? here));
  brush.lineTo(here[0] + 0.01, here[1]); // a line of no length would not be drawn
  brush.stroke();
  last = here;
}

function fillRectangle() {
  const part = (id, side) => (Number(find(id).value) / 100) * side;
  const { width, height } = canvas;
  remember();
  brush.fillStyle = COLORS[color];
  brush.fillRect(part("rect-x", width), part("rect-y", height), part("rect-w", width), part("rect-h", height));
}

/** Returns the mask as a PNG, in which each pixel is of one of the colors. */
async function drawn() {
  const image = brush.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < image.data.length; at += 4) {
    let nearest = LEVELS[0];
    let least = Infinity;
    for (const level of LEVELS) {
      const distance = (level[0] - image.data[at]) ** 2 + (level[1] - image.data[at + 1]) ** 2 + (level[2] - image.data[at + 2]) ** 2;
      if (distance < least) [nearest, least] = [level, distance];
    }
    image.data.set(nearest, at);
    image.data[at + 3] = 255;
  }
  brush.putImageData(image, 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

async function loaded(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}
