// Makes the pages live: on each event the page asks for itself again and takes over the parts marked
// `data-live`. Everything works without this file, by forms and links.

const content = document.querySelector("[data-events]");

if (content) {
  let underWay = false;
  let again = false;

  const refresh = async () => {
    if (underWay) {
      again = true;
      return;
    }
    underWay = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (answer.ok) {
        takeOver(new DOMParser().parseFromString(await answer.text(), "text/html"));
      }
    } catch {
      // The sandbox is gone; the next event, once it is back, tries again.
    }
    underWay = false;
    if (again) {
      again = false;
      refresh();
    }
  };

  const takeOver = (fresh) => {
    document.title = fresh.title;
    for (const part of document.querySelectorAll("[data-live]")) {
      const newer = fresh.getElementById(part.id);
      if (!newer || newer.innerHTML === part.innerHTML) {
        continue;
      }
      const hadFocus = part.contains(document.activeElement);
      part.replaceChildren(...document.importNode(newer, true).childNodes);
      if (hadFocus) {
        content.focus();
      }
    }
    const status = document.getElementById("status");
    const words = fresh.getElementById("status")?.textContent;
    if (status && words && status.textContent !== words) {
      status.textContent = words;
    }
  };

  const events = new EventSource(content.dataset.events);
  events.addEventListener("message", refresh);
  // After a pause in the connection something may have been missed.
  events.addEventListener("open", refresh);
}
