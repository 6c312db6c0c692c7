"use strict";
// Makes the heads of a table buttons that sort its rows, by number where all values are numbers.
document.querySelectorAll(".album table").forEach((table) => {
  const body = table.tBodies[0];
  const value = (row, column) => row.cells[column].textContent.trim();
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (column === 0) return; // the picture
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const ascending = head.getAttribute("aria-sort") !== "ascending";
      const known = [...body.rows].filter((row) => value(row, column));
      const unknown = [...body.rows].filter((row) => !value(row, column));
      const numeric = known.every((row) => !Number.isNaN(Number(value(row, column))));
      known.sort((a, b) => {
        const [left, right] = [value(a, column), value(b, column)];
        return (numeric ? left - right : left.localeCompare(right)) * (ascending ? 1 : -1);
      });
      [...head.parentNode.cells].forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      body.append(...known, ...unknown);
    });
  });
});
