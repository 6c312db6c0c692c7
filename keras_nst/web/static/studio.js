// The page: what waits, what is made, what was made.

import * as easel from "./easel.js";
import * as form from "./form.js";
import * as mask from "./mask.js";
import { attempt, find, make, show } from "./page.js";
import { ask, listen, ofRun, send, view } from "./server.js";
import { speak, word } from "./words.js";

let gallery = -1; // the revision that is shown
let jobs = [];

await speak();
mask.build();
easel.build();
await form.build();
listen({ state, preview: easel.drawPreview, connected });

function connected(open) {
  find("connection").textContent = word(open ? "connected" : "away");
  find("connection").classList.toggle("away", !open);
}

async function state(told) {
  jobs = told.jobs;
  drawPainter(told.painter);
  easel.drawWorking(jobs.find((job) => job.state === "painting"));
  drawQueue();
  if (told.gallery !== gallery) {
    gallery = told.gallery;
    await drawGallery();
  }
}

function drawPainter(painter) {
  const known = { starting: word("starting"), ready: word("connected") };
  find("connection").textContent = known[painter] ?? painter;
  find("connection").classList.toggle("away", !(painter in known));
}

function drawQueue() {
  show(find("queue-empty"), !jobs.length);
  find("queue").replaceChildren(...jobs.map(drawJob));
}

function drawJob(job) {
  const { content, styles } = job.asked;
  const pictures = [content, ...styles.map((style) => style.picture)].filter(Boolean);
  const images = pictures.slice(0, 4).map((picture) => make("img", { src: view(picture), alt: "" }));
  const text = make("span", { className: "text" }, make("strong", { textContent: word(`job_${job.state}`) }),
    make("span", { className: "number", textContent: ` ${easel.when(job.id)}` }));
  if (job.error) text.append(make("p", { className: "error", textContent: job.error, lang: "en" }));
  const label = word(job.state === "painting" ? "stop" : job.state === "failed" ? "dismiss" : "withdraw");
  const button = make("button", { type: "button", textContent: label });
  button.addEventListener("click", () => attempt(() => send(`/api/jobs/${job.id}/stop`)));
  const look = make("button", { type: "button", textContent: word("look"), hidden: job.state !== "painting" });
  look.addEventListener("click", easel.close);
  return make("li", { className: job.state, dataset: { id: job.id } }, make("span", { className: "pair" }, ...images), text, look, button);
}

async function drawGallery() {
  const runs = await ask("/api/runs");
  show(find("gallery-empty"), !runs.length);
  find("gallery").replaceChildren(...runs.map(drawRun));
  easel.knows(runs, gallery);
  const latest = runs[0];
  if (latest?.picture && !easel.openedId() && !jobs.some((job) => job.state === "painting")) await easel.open(latest, false);
}

function drawRun(run) {
  const image = run.picture
    ? make("img", { src: `${ofRun(run.id, "thumbnail")}?${gallery}`, alt: word("picture_of", { when: easel.when(run.id) }), loading: "lazy" })
    : make("span", { className: "none", textContent: word("no_picture") });
  const button = make("button", { type: "button", dataset: { id: run.id } }, image,
    make("span", { className: "number", textContent: `${run.width} × ${run.height}${run.finished ? "" : ` · ${word("unfinished")}`}` }));
  button.addEventListener("click", () => easel.open(run));
  return make("li", {}, button);
}
