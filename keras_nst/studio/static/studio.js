// The page: what waits, what is made, what was made.

import * as easel from "./easel.js";
import * as films from "./films.js";
import * as form from "./form.js";
import * as mask from "./mask.js";
import { attempt, find, make, note, redraw, show } from "./page.js";
import { ask, listen, ofRun, send, view } from "./server.js";
import { speak, titleOf, word } from "./words.js";

const NARROW = "(max-width: 860px)"; // where the picture is below the form
const AT_ONCE = 60; // pictures of the gallery

let gallery = -1; // the revision that is shown
let most = AT_ONCE;
let jobs = [];

await speak();
mask.build();
easel.build(begun);
await form.build(begun);
films.build();
find("older").addEventListener("click", () => {
  most += AT_ONCE;
  attempt(drawGallery);
});
listen({ state, preview, connected });

function connected(open) {
  find("connection").textContent = word(open ? "connected" : "away");
  find("connection").classList.toggle("away", !open);
}

/** Tells that something was put into the queue, and leads to where it will be seen. */
function begun() {
  note(jobs.length ? word("noted_n", { n: jobs.length + 1 }) : word("noted"));
  easel.expect();
  if (matchMedia(NARROW).matches) easel.lead();
}

async function state(told) {
  jobs = told.jobs;
  drawPainter(told.painter);
  easel.drawWorking(jobs.find((job) => job.state === "painting"));
  drawQueue();
  if (told.gallery !== gallery) {
    gallery = told.gallery;
    await attempt(drawGallery);
  }
}

function preview(about, blob) {
  easel.drawPreview(about, blob);
  const bar = find("queue").querySelector(".painting progress");
  if (bar && about.id === jobs.find((job) => job.state === "painting")?.id) bar.value = about.step / about.steps;
}

function drawPainter(painter) {
  const known = { starting: word("starting"), ready: word("connected") };
  find("connection").textContent = known[painter] ?? painter;
  find("connection").classList.toggle("away", !(painter in known));
}

function drawQueue() {
  show(find("queue-empty"), !jobs.length);
  redraw(find("queue"), jobs.map(drawJob));
}

function drawJob(job) {
  const { content, styles } = job.asked;
  const pictures = [content, ...styles.map((style) => style.picture)].filter(Boolean);
  const images = pictures.slice(0, 4).map((picture) => make("img", { src: view(picture), alt: "" }));
  const painting = job.state === "painting";
  const text = make("span", { className: "text" }, make("strong", { textContent: word(`job_${job.state}`) }),
    make("span", { className: "number", textContent: ` · ${easel.when(job.id)}` }));
  const before = find("queue").querySelector(`[data-id="${CSS.escape(job.id)}"] progress`);
  if (painting) text.append(make("progress", { max: 1, value: before?.value ?? 0, ariaLabel: word("progress") }));
  if (job.error) text.append(make("p", { className: "error", textContent: job.error, lang: "en" }));
  const label = word(painting ? "stop" : job.state === "failed" ? "dismiss" : "withdraw");
  const button = make("button", { type: "button", textContent: label, dataset: { key: job.id } });
  button.addEventListener("click", () => attempt(() => send(`/api/jobs/${job.id}/stop`)));
  const look = make("button", { type: "button", textContent: word("look"), hidden: !painting, dataset: { key: `look ${job.id}` } });
  look.addEventListener("click", () => {
    easel.close();
    easel.lead();
  });
  return make("li", { className: job.state, dataset: { id: job.id } }, make("span", { className: "pair" }, ...images), text, look, button);
}

async function drawGallery() {
  const { runs, more } = await ask(`/api/runs?most=${most}`);
  show(find("gallery-empty"), !runs.length);
  show(find("older"), more);
  redraw(find("gallery"), runs.map(drawRun));
  easel.knows(runs);
  const latest = runs[0];
  if (latest?.picture && !easel.openedId() && !jobs.some((job) => job.state === "painting")) await easel.open(latest, false);
}

function drawRun(run) {
  const image = run.picture
    ? make("img", { src: `${ofRun(run.id, "thumbnail")}?${run.version}`, alt: word("picture_of", { when: easel.when(run.id) }), loading: "lazy" })
    : make("span", { className: "none", textContent: word("no_picture") });
  const button = make("button", { type: "button", dataset: { key: run.id } }, image,
    make("span", { className: "name", textContent: run.names.map(titleOf).join(" · ") }),
    make("span", { className: "number", textContent: [easel.sizeOf(run), run.finished ? "" : word("unfinished")].filter(Boolean).join(" · ") }));
  button.addEventListener("click", () => easel.open(run));
  return make("li", {}, button);
}
