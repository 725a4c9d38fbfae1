"use strict";
(() => {
  const find = (selector, root = document) => [...root.querySelectorAll(selector)];
  document.documentElement.classList.add("js");

  // The label table: a click on a heading sorts by it, best first; a second click turns it round.
  for (const button of find(".labels .sort")) {
    button.addEventListener("click", () => {
      const heading = button.closest("th"), row = heading.parentElement, body = row.closest("table").tBodies[0];
      const column = [...row.cells].indexOf(heading);
      const text = column === 0;
      const down = heading.hasAttribute("aria-sort") ? heading.getAttribute("aria-sort") === "ascending" : !text;
      for (const other of row.cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (line) => line.cells[column].dataset.value;
      const order = text ? (a, b) => value(a).localeCompare(value(b)) : (a, b) => value(a) - value(b);
      body.append(...[...body.rows].sort((a, b) => (down ? order(b, a) : order(a, b))));
    });
  }

  // A link from the table opens the curves it leads to.
  const open = () => {
    const target = location.hash.startsWith("#curves-") && document.getElementById(location.hash.slice(1));
    if (target) target.open = true;
  };
  addEventListener("hashchange", open);
  open();

  // On paper nothing can be unfolded.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = find("details:not([open])");
    for (const part of folded) part.open = true;
  });
  addEventListener("afterprint", () => {
    for (const part of folded) part.open = false;
  });

  // The gallery: what does not fit the filters goes, image by image and box by box.
  const cards = document.getElementById("cards");
  const [label, outcome, order, found] = ["by-label", "by-outcome", "by-order", "found"].map((id) => document.getElementById(id));
  const update = () => {
    const kinds = outcome.value.split(" ").filter(Boolean);
    const filtered = label.value !== "" || kinds.length > 0;
    let images = 0, results = 0;
    for (const card of cards.children) {
      let fitting = 0;
      for (const item of find(".items li", card)) {
        const fits = (label.value === "" || item.dataset.label === label.value) &&
          (kinds.length === 0 || kinds.includes(item.dataset.kind));
        fitting += fits;
        item.classList.toggle("off", !fits);
        for (const mark of find(`g[data-item="${item.dataset.item}"]`, card)) mark.classList.toggle("off", !fits);
      }
      const shown = !filtered || fitting > 0;
      card.classList.toggle("off", !shown);
      images += shown;
      results += fitting;
    }
    const many = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;
    found.textContent = filtered
      ? `${many(results, "result")} in ${images} of ${many(cards.children.length, "image")}`
      : `${many(results, "result")} in ${many(images, "image")}`;
  };
  const sort = () => cards.append(...[...cards.children].sort((a, b) => a.dataset[order.value] - b.dataset[order.value]));
  label.addEventListener("change", update);
  outcome.addEventListener("change", update);
  order.addEventListener("change", sort);
  update();
})();
