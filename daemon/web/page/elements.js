// What the page is made of: found, made and changed. Everything that comes from the daemon reaches
// the document as text, never as markup.

import { amount } from "./figures.js";

export const $ = (id) => document.getElementById(id);

export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

export function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function mark(node, name, value) {
  if (node.dataset[name] !== value) node.dataset[name] = value;
}

export function putAmount(node, value) {
  put(node, amount(value));
  node.classList.toggle("gain", value > 0);
  node.classList.toggle("loss", value < 0);
}

// What a first click did may have put another meaning under the pointer by the second.
export function isSecond(event) {
  return event.detail > 1;
}
