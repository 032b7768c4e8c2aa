// Counts a flow down, in the part of a page that waits for it.
function countDown(region, again) {
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
      runOut(region, again);
    }
  };
  const timer = setInterval(tick, 1000);
  tick();
  return () => clearInterval(timer);
}

// What can't be used any more is not shown for a moment longer; the stream tells of the ending, and a page without one
// asks again by itself.
function runOut(region, again) {
  for (const part of region.querySelectorAll("[data-code]")) part.remove();
  for (const part of region.querySelectorAll("[data-running]")) part.hidden = true;
  const expired = region.querySelector("[data-expired]");
  expired.hidden = false;
  expired.setAttribute("role", "status");
  setTimeout(again, 5000);
}
