// The picture being made, and a finished one beside another.

import { restore, shown } from "./form.js";
import { attempt, find, make, note, show } from "./page.js";
import { ask, ofRun, send, view } from "./server.js";
import { duration, titleOf, word } from "./words.js";

const SIZES = 1.5; // of the larger picture, that is offered

let working = null; // the job at work
let told = null; // where it stands
let opened = null; // the run that is looked at
let chosen = false; // whether somebody has chosen to look at it, or it was just the latest
let runs = [];
let address = "";
let begin = () => {};
let spoken = "";

/** Readies the buttons; begin is called when something was put into the queue. */
export function build(began) {
  begin = began;
  find("stop").addEventListener("click", () => attempt(() => send(`/api/jobs/${working.id}/stop`)));
  find("change").addEventListener("click", () => attempt(change));
  find("change-strength").addEventListener("input", drawStrength);
  find("split").addEventListener("input", drawSplit);
  find("compare").addEventListener("pointerdown", (event) => {
    if (find("other").hidden) return;
    event.preventDefault();
    find("compare").setPointerCapture(event.pointerId);
    splitAt(event);
  });
  find("compare").addEventListener("pointermove", (event) => find("compare").hasPointerCapture(event.pointerId) && splitAt(event));
  find("against").addEventListener("change", drawOther);
  find("branch").addEventListener("click", () => attempt(async () => restore((await ask(`/api/runs/${opened.id}`)).asked)));
  find("larger").addEventListener("click", () => attempt(enlarge));
  find("go-on").addEventListener("click", () => attempt(goOn));
  find("delete").addEventListener("click", () => attempt(remove));
}

// --- The picture being made ---

/** Shows which picture is at work. */
export function drawWorking(job) {
  if (job?.id !== working?.id) {
    told = null;
    drawBeginning(job);
    find("change-strength").value = job?.asked.settings.style_strength ?? "0.6";
    find("change-steps").value = job?.asked.settings.steps ?? "60,44";
    drawStrength();
  }
  if (job && !working && !chosen) opened = null;
  working = job;
  draw();
  drawStanding();
}

/** Shows what the picture begins with, until there is something of it to see. */
function drawBeginning(job) {
  const { content, first } = job?.asked ?? {};
  const run = job?.goes_on ? job.id : first;
  const source = run ? ofRun(run, "picture") : content ? view(content) : "";
  const image = find("preview");
  image.classList.add("beginning");
  image.onload = null;
  if (source) image.src = source;
  else image.removeAttribute("src");
}

/** Shows where the picture stands. */
export function drawPreview(about, blob) {
  if (about.id !== working?.id) return;
  told = about;
  const before = address;
  address = URL.createObjectURL(blob);
  find("preview").classList.remove("beginning");
  find("preview").src = address;
  find("preview").onload = () => before && URL.revokeObjectURL(before);
  drawStanding();
}

function drawStrength() {
  find("change-strength-value").textContent = shown("style_strength", find("change-strength").value);
}

function drawStanding() {
  find("progress").value = told ? told.step / told.steps : 0;
  find("left").textContent = told?.left == null ? "" : word("left", { time: duration(told.left) });
  find("standing").textContent = told
    ? word("standing", { ...told, loss: told.curve.at(-1)?.[1].toPrecision(3) ?? "–" })
    : word("beginning");
  find("preview").alt = find("standing").textContent;
  speak();
  drawCurve();
}

/** Tells those who do not see the page when a size is done; more would be noise. */
function speak() {
  const now = told ? `${told.id} ${told.scale}` : "";
  if (now && now !== spoken) find("spoken").textContent = find("standing").textContent;
  spoken = now;
}

function drawCurve() {
  const svg = find("curve");
  const points = told?.curve ?? [];
  svg.replaceChildren();
  svg.setAttribute("aria-label", word("curve"));
  show(svg, points.length > 1);
  if (points.length < 2) return;
  const logs = points.map(([, loss]) => Math.log(Math.max(loss, 1e-30)));
  const [low, high, last] = [Math.min(...logs), Math.max(...logs), Math.max(told.steps, points.at(-1)[0])];
  const x = (step) => ((step - 1) / Math.max(1, last - 1)) * 596 + 2;
  const y = (log) => 112 - ((log - low) / Math.max(1e-9, high - low)) * 104;
  const draw = (name, properties) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, written] of Object.entries(properties)) element.setAttribute(key, written);
    svg.append(element);
  };
  for (const step of told.marks) draw("line", { x1: x(step), x2: x(step), y1: 0, y2: 120, class: "mark" });
  const line = points.map(([step], at) => `${x(step).toFixed(1)},${y(logs[at]).toFixed(1)}`).join(" ");
  draw("polygon", { points: `2,120 ${line} ${x(points.at(-1)[0]).toFixed(1)},120`, class: "area" });
  draw("polyline", { points: line });
}

async function change() {
  const settings = { steps: find("change-steps").value };
  const before = working.asked.settings.style_strength ?? "0.6";
  if (find("change-strength").value !== before) settings.style_strength = find("change-strength").value;
  await send(`/api/jobs/${working.id}/change`, { settings });
  note(word("changed"));
}

// --- A finished picture ---

/** Takes note of the gallery. */
export function knows(gallery) {
  runs = gallery;
  if (opened && !runs.some((run) => run.id === opened.id)) close();
  if (opened) opened = { ...opened, ...runs.find((run) => run.id === opened.id) };
  draw();
}

/** Shows a run of the gallery, and leads there if somebody has asked for it. */
export async function open(run, byUser = true) {
  await attempt(async () => {
    const found = await ask(`/api/runs/${run.id}`);
    if (working && !byUser) return;
    [opened, chosen] = [found, byUser];
    find("split").value = 50;
    draw();
    if (byUser) lead();
  });
}

/** Leads to the picture, for eyes and for the keyboard. */
export function lead() {
  const { top } = find("easel").getBoundingClientRect();
  if (top < 0 || top > innerHeight / 2) find("easel").scrollIntoView();
  find("easel").focus({ preventScroll: true });
}

/** Goes back to the picture at work. */
export function close() {
  [opened, chosen] = [null, false];
  draw();
}

/** Lets the next picture at work be seen as soon as it is. */
export function expect() {
  if (working) close();
  chosen = false;
}

/** Tells which run is looked at. */
export function openedId() {
  return opened?.id;
}

function draw() {
  show(find("viewer"), Boolean(opened));
  show(find("live"), Boolean(working) && !opened);
  show(find("empty"), !working && !opened);
  for (const each of find("gallery").querySelectorAll("button")) each.setAttribute("aria-current", String(each.dataset.key === opened?.id));
  if (opened) drawOpened();
}

function drawOpened() {
  const { id, finished, goes_on: goesOn, report, version } = opened;
  const source = `${ofRun(id, "picture")}?${version}`;
  if (find("picture").getAttribute("src") !== source) find("picture").src = source;
  find("picture").alt = word("picture_of", { when: when(id) });
  const parts = [sizeOf(opened), word(finished ? "finished" : "unfinished"), when(id), ...opened.names.map(titleOf)];
  find("told").textContent = parts.filter(Boolean).join(" · ");
  for (const kind of ["png", "jpeg", "tiff16"]) find(kind).href = ofRun(id, `download/${kind}`);
  show(find("report"), report);
  find("report").href = ofRun(id, "report");
  find("larger-size").value = Math.round((Math.max(opened.width, opened.height) * SIZES) / 32) * 32;
  show(find("go-on"), goesOn);
  show(find("more-row"), goesOn && finished);
  drawAgainst();
}

function drawAgainst() {
  const select = find("against");
  const before = select.value;
  const others = runs.filter((run) => run.id !== opened.id && run.picture);
  const offered = new Map([["", word("nothing")]]); // each picture once
  const offer = (source, text) => offered.has(source) || offered.set(source, text);
  if (opened.asked.content) offer(view(opened.asked.content), word("its_content"));
  for (const { picture } of opened.asked.styles) offer(view(picture), word("its_style", { name: titleOf(opened.style_names[picture]) }));
  for (const run of others) offer(`${ofRun(run.id, "picture")}?${run.version}`, `${when(run.id)} · ${sizeOf(run)}`);
  select.replaceChildren(...[...offered].map(([source, text]) => make("option", { value: source, textContent: text })));
  select.value = [...select.options].some((option) => option.value === before) ? before : "";
  drawOther();
}

function drawOther() {
  const source = find("against").value;
  for (const element of [find("other"), find("edge"), find("compare-row")]) show(element, Boolean(source));
  if (source && find("other").getAttribute("src") !== source) find("other").src = source;
  find("other").alt = find("against").selectedOptions[0]?.textContent ?? "";
  drawSplit();
}

function drawSplit() {
  find("compare").style.setProperty("--split", find("split").value / 100);
}

function splitAt(event) {
  const box = find("picture").getBoundingClientRect();
  find("split").value = ((event.clientX - box.left) / box.width) * 100;
  drawSplit();
}

async function enlarge() {
  await send(ofRun(opened.id, "larger"), { size: find("larger-size").value });
  begin();
}

async function goOn() {
  await send(ofRun(opened.id, "continue"), { more: opened.finished ? Number(find("more").value) : 0 });
  begin();
}

async function remove() {
  const sure = find("sure");
  find("sure-text").textContent = word("sure", { when: when(opened.id) });
  sure.returnValue = "no";
  sure.showModal();
  await new Promise((done) => sure.addEventListener("close", done, { once: true }));
  if (sure.returnValue === "yes") await ask(`/api/runs/${opened.id}`, { method: "DELETE" });
}

/** Returns the size of a run's picture, "" while there is none. */
export function sizeOf({ picture, width, height }) {
  return picture ? `${width} × ${height}` : "";
}

/** Returns when a run was asked for, as its name tells; or else its name. */
export function when(id) {
  const found = id.match(/(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)/);
  if (!found) return id;
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number);
  const short = { dateStyle: "medium", timeStyle: "medium" };
  return new Date(year, month - 1, day, hour, minute, second).toLocaleString(document.documentElement.lang, short);
}
