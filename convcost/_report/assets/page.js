"use strict";
// Without this script the page is complete, but can't be searched or sorted.
{
  const search = document.querySelector("#search");
  const found = document.querySelector("#found");
  const table = document.querySelector("#layers");
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    found.textContent = words.length ? `${shown} of ${table.tBodies[0].rows.length}` : "";
  };
  search.addEventListener("input", filter);
  document.querySelector("#tools").hidden = false;
}
