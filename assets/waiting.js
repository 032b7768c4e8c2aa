// Goes on to the outcome as soon as there is one.
const region = document.querySelector("[data-waiting]");
if (region) {
  const stream = new EventSource(region.dataset.waiting);
  stream.addEventListener("ended", () => {
    stream.close();
    location.reload();
  });
  addEventListener("pagehide", () => stream.close());
  // Whoever asks for something else goes there: the end of this flow, which that may bring, must not lead back.
  addEventListener("submit", () => stream.close());
  if (region.dataset.left) countDown(region, () => location.reload());
}
// A page that comes back by the back button shows how things stand now.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
