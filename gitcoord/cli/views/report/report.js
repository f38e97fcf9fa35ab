"use strict";
(() => {
  const root = document.documentElement;
  const kept = (() => { try { return localStorage.getItem("gitcoord-theme"); } catch { return null; } })();
  if (kept === "light" || kept === "dark") root.dataset.theme = kept;
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("gitcoord-theme", root.dataset.theme); } catch { /* a page from a file may keep nothing */ }
  });

  // Whatever belongs to the task under the pointer lights up everywhere.
  const all = [...document.querySelectorAll("[data-unit]")];
  const edges = [...document.querySelectorAll(".edge")];
  const graph = document.querySelector(".graph");
  const light = (unit) => {
    const near = new Set([unit]);
    for (const edge of edges) {
      const lit = unit !== null && (edge.dataset.from === unit || edge.dataset.to === unit);
      edge.classList.toggle("lit", lit);
      if (lit) { near.add(edge.dataset.from); near.add(edge.dataset.to); }
    }
    let drawn = false;
    for (const one of all) {
      const box = one.classList.contains("task");
      const lit = unit !== null && (box ? near.has(one.dataset.unit) : one.dataset.unit === unit);
      one.classList.toggle("lit", lit);
      drawn ||= box && lit;
    }
    graph?.classList.toggle("dim", drawn);
  };
  for (const one of all) {
    one.addEventListener("pointerenter", () => light(one.dataset.unit));
    one.addEventListener("pointerleave", () => light(null));
  }

  const find = document.getElementById("find");
  const bad = document.getElementById("bad");
  const rows = [...document.querySelectorAll("#list li")];
  const sift = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = (bad.checked && !row.classList.contains("bad")) || !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    const none = document.getElementById("none");
    if (none) none.hidden = shown > 0;
  };
  find.addEventListener("input", sift);
  bad.addEventListener("change", sift);
})();
