// What the page says, in the language of the browser.

let words = {};
export let language = "en";

/** Reads the words of the browser's language, and puts them where the page has a place for them. */
export async function speak() {
  const all = await (await fetch("words.json")).json();
  language = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
  words = all[language];
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  document.title = word("title");
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", word(element.dataset.label));
}

/** Returns a text with what belongs into its {places}. */
export function word(name, given = {}) {
  return (words[name] ?? name).replace(/\{(\w+)\}/g, (place, key) => given[key] ?? place);
}

/** Returns a text if there is one in this language. */
export function known(name) {
  return words[name];
}

/** Returns the name of a picture: a sample's in this language. */
export function titleOf(name) {
  return known(`sample_${name}`) ?? name;
}

/** Returns a time as people say it. */
export function duration(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  return whole < 90 ? word("seconds", { n: whole }) : word("minutes", { n: Math.round(whole / 60) });
}
