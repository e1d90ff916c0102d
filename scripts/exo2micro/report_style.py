"""How the batch's report looks, and what its headers do when they are clicked."""

STYLE = """
:root { color-scheme: light; font: 15px/1.45 system-ui, sans-serif; color: #222; }
body { margin: 24px; }
h1 { font-size: 22px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 28px 0 8px; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: 5px 8px; border-bottom: 1px solid #ddd; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
#pairs { font-size: 14px; }
#pairs th { position: sticky; top: 0; background: #f3f3f3; cursor: pointer; }
#pairs th { vertical-align: bottom; }
#pairs th::after { content: " \\2195"; color: #999; font-size: 11px; }
#pairs th.up::after { content: " \\25B2"; } #pairs th.down::after { content: " \\25BC"; }
img { display: block; border: 1px solid #ccc; height: 110px; width: auto; }
.thumbs { display: flex; gap: 6px; }
.thumbs a { font-size: 12px; text-decoration: none; white-space: nowrap; }
.wide a { display: block; margin: 8px 0; } .wide img { height: auto; max-width: 100%; }
.badge { color: #fff; border-radius: 3px; padding: 1px 7px; font-size: 13px; font-weight: 600;
  white-space: nowrap; }
.badge.pass { background: #0072B2; } .badge.warn { background: #B07800; }
.badge.fail { background: #C04A00; } .badge.none { background: #666; }
.problem { border-left: 5px solid #C04A00; padding: 2px 12px; margin: 10px 0; }
.problem.warn { border-color: #B07800; }
.problem.none { border-color: #666; }
.problem p { margin: 2px 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.faint { color: #666; }
code { overflow-wrap: anywhere; }
"""

SCRIPT = """
document.querySelectorAll("#pairs th").forEach((head, column) => {
  head.tabIndex = 0;
  const sort = () => {
    const up = !head.classList.contains("up");
    document.querySelectorAll("#pairs th").forEach((h) => h.classList.remove("up", "down"));
    head.classList.add(up ? "up" : "down");
    const body = document.querySelector("#pairs tbody");
    const key = (row) => row.cells[column].dataset.key ?? row.cells[column].innerText;
    const compare = (a, b) => {
      const [p, q] = [key(a), key(b)];
      if (p === "" || q === "") { return (p === "") - (q === ""); }
      const order = isNaN(p) || isNaN(q) ? p.localeCompare(q) : p - q;
      return up ? order : -order;
    };
    body.append(...[...body.rows].sort(compare));
  };
  head.addEventListener("click", sort);
  head.addEventListener("keydown", (event) => event.key === "Enter" && sort());
});
"""
