// Work that takes long, one piece a frame.

const waiting = new Set<() => void>();
let isRunning = false;

/** `ask` has it done in a frame of its own, after those that asked before; asking twice has it done once. */
export function inTurn(work: () => void): { ask: () => void; cancel: () => void } {
  return {
    ask() {
      waiting.add(work);
      if (isRunning) return;
      isRunning = true;
      next();
    },
    cancel: () => waiting.delete(work),
  };
}

/** After the frame is painted. No frames come to a page that nobody looks at: the timer is for those. */
function next(): void {
  let isDue = true;
  const go = () => {
    if (!isDue) return;
    isDue = false;
    const [work] = waiting;
    if (work === undefined) {
      isRunning = false;
      return;
    }
    waiting.delete(work);
    next();
    work();
  };
  requestAnimationFrame(() => setTimeout(go));
  setTimeout(go, 1_000);
}
