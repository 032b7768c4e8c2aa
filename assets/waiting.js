// Counts down, and goes on to the outcome as soon as there is one.
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
  if (region.dataset.left) countDown(region);
}
// A page that comes back by the back button shows how things stand now.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

function countDown(region) {
  const end = Date.now() + Number(region.dataset.left) * 1000;
  const clock = region.querySelector("[data-clock]");
  const bar = region.querySelector("progress");
  const aloud = region.querySelector("[data-aloud]");
  let told = Number(region.dataset.left) <= 30;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    bar.value = left;
    if (!told && left <= 30) {
      told = true;
      aloud.textContent = aloud.dataset.aloud;
    }
    if (left === 0) {
      clearInterval(timer);
      runOut(region);
    }
  };
  const timer = setInterval(tick, 1000);
  tick();
}

// What can't be used any more is not shown for a moment longer; the stream tells of the ending, and a page without one
// asks for itself.
function runOut(region) {
  for (const part of region.querySelectorAll("[data-code]")) part.remove();
  for (const part of region.querySelectorAll("[data-running]")) part.hidden = true;
  const expired = region.querySelector("[data-expired]");
  expired.hidden = false;
  expired.setAttribute("role", "status");
  setTimeout(() => location.reload(), 5000);
}
