// What is wrong with how a page looks: texts that overlap, stick out of their frame, or are too pale to be read.
() => {
const overlapping = () => {
  const boxes = [...document.querySelectorAll(".graph .task .box, .axis text, .tile, .card, .graph .column")]
    .filter((one) => one.checkVisibility()).map((one) => [one, one.getBoundingClientRect()]);
  const hits = [];
  for (const [one, a] of boxes) for (const [other, b] of boxes)
    if (one !== other && one.tagName === other.tagName && one.className.baseVal === other.className.baseVal
      && !one.contains(other) && !other.contains(one)
      && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
      hits.push(one.textContent.trim().slice(0, 30));
  return hits;
};
const stickingOut = () => [...document.querySelectorAll(".tile, .card, .hero")].flatMap((frame) => {
  const edge = frame.getBoundingClientRect();
  return [...frame.querySelectorAll("*")].filter((one) => one.checkVisibility() && !one.closest(".scroll, .events")
    && !["clip", "hidden"].includes(getComputedStyle(one.parentElement).overflowX) && !one.closest("svg")
    && one.getBoundingClientRect().right > edge.right + 1).map((one) => one.textContent.trim().slice(0, 40));
});
const tooPale = () => {
  const numbers = (colour) => colour.match(/[0-9.]+/g).map(Number);
  const light = (colour) => { const [r, g, b] = numbers(colour).slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (one) => { for (; one; one = one.parentElement) { const colour = getComputedStyle(one).backgroundColor;
    if (colour.startsWith("rgb(")) return colour; } return "rgb(255, 255, 255)"; };
  return [...document.querySelectorAll("p, h1, h2, .note, .name, .value, .label, td, time, .step *, .legend li, .events span")]
    .filter((one) => one.checkVisibility() && one.textContent.trim() && one.closest(".matrix td") === null)
    .filter((one) => { const [a, b] = [light(getComputedStyle(one).color), light(ground(one))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.4 && parseFloat(getComputedStyle(one).fontSize) < 24; })
    .map((one) => `${one.className} ${one.textContent.trim().slice(0, 20)}`).slice(0, 5);
};
return { overlapping: overlapping(), stickingOut: stickingOut(), tooPale: tooPale() };
}
