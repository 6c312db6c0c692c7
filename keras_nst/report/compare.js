"use strict";
// Lays the result over one of the pictures it was made of; a slider moves the border between them.
(() => {
  const box = document.querySelector(".compare");
  const [result, ...others] = box ? [...box.querySelectorAll("figure")] : [];
  if (!others.length || result.textContent.trim() !== "result") return;
  const make = (tag, className, inside = []) => {
    const element = document.createElement(tag);
    element.className = className;
    element.append(...inside);
    return element;
  };
  const over = result.querySelector("img").cloneNode();
  const under = others[0].querySelector("img").cloneNode();
  over.className = "over";
  under.className = "under";
  const slider = make("input", "slider");
  slider.type = "range";
  slider.min = 0;
  slider.max = 100;
  slider.step = 0.5;
  slider.value = 50;
  const stage = make("div", "stage", [over, under, make("span", "border"), slider]);
  const ratio = over.width / over.height;
  stage.style.width = `min(100%, ${80 * ratio}vh, ${Math.max(4 * over.width, 480 * ratio)}px)`;
  const move = () => stage.style.setProperty("--at", `${slider.value}%`);
  slider.addEventListener("input", move);
  const choice = make("p", "choice", ["Result against "]);
  others.forEach((other, number) => {
    const known = other.querySelector("img");
    const name = other.textContent.trim();
    const button = make("button", "", [name]);
    button.type = "button";
    const choose = () => {
      under.src = known.src;
      under.alt = known.alt;
      slider.setAttribute("aria-label", `How much of the ${name} is shown over the result, in percent`);
      choice.querySelectorAll("button").forEach((each) => each.setAttribute("aria-pressed", each === button));
    };
    button.addEventListener("click", choose);
    choice.append(button, " ");
    if (number === 0) choose();
  });
  move();
  box.before(stage, choice);
})();
