// Keeps the part of the page marked `data-live` current. The server renders; this only replaces.
const policy = globalThis.trustedTypes
  ? trustedTypes.createPolicy("midflow", { createHTML: (text) => text })
  : { createHTML: (text) => text };

const region = document.querySelector("[data-live]");
const notice = document.querySelector("[data-live-notice]");
const lost = document.querySelector("[data-live-lost]");
const collects = region?.dataset.liveMode === "collect";
const waiting = new Set();
let busy = false;
let again = false;

async function refresh(all) {
  if (busy) {
    again = again || { all };
    return;
  }
  busy = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.ok) {
      const page = new DOMParser().parseFromString(policy.createHTML(await answer.text()), "text/html");
      const banner = page.querySelector("[data-live-banner]");
      document.querySelector("[data-live-banner]")?.replaceWith(banner);
      const fresh = page.querySelector("[data-live]");
      if (collects && !all) renew(fresh);
      else replace(fresh);
    }
  } catch {
    // The stream reconnects by itself, and then everything is asked for again.
  }
  busy = false;
  if (again) {
    const next = again;
    again = false;
    refresh(next.all);
  }
}

// The whole region; what the reader has opened stays open.
function replace(fresh) {
  if (!fresh) return;
  const open = [...region.querySelectorAll("details[open]")].map((part) => part.id);
  const focused = document.activeElement?.id;
  region.replaceChildren(...fresh.childNodes);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  waiting.clear();
  tell();
}

// Only the rows that are there already: a list does not jump while somebody reads it.
function renew(fresh) {
  if (!fresh) return;
  const rows = [...fresh.querySelectorAll("[data-row]")];
  if (!region.querySelector("[data-row]") && rows.length) {
    replace(fresh);
    return;
  }
  for (const row of rows) {
    const old = document.getElementById(row.id);
    if (old) {
      if (!old.isEqualNode(row) && !old.contains(document.activeElement)) old.replaceWith(row);
    } else {
      waiting.add(row.id);
    }
  }
  tell();
}

function tell() {
  if (!notice) return;
  notice.hidden = waiting.size === 0;
  const count = notice.querySelector("[data-count]");
  if (count) count.textContent = String(waiting.size);
}

if (region) {
  const stream = new EventSource(region.dataset.live);
  stream.addEventListener("change", () => refresh(false));
  stream.addEventListener("open", () => {
    // What changed between the page and this moment was told to nobody.
    refresh(false);
    if (lost) lost.hidden = true;
  });
  stream.addEventListener("error", () => {
    if (lost) lost.hidden = false;
  });
  notice?.addEventListener("click", () => refresh(true));
  addEventListener("pagehide", () => stream.close());
}
