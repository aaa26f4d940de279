import { onWillUnmount, useState } from '@odoo/owl';

const durationMs = 700;
/** The time between two drawings: twenty-two counters need not be drawn in each frame. */
const stepMs = 30;

export interface AnimatedNumber {
  value: number | null;
  /**
   * Moves to the new value, fast at first and slow at the end. If the user prefers less motion or the page is hidden, it jumps
   * there.
   */
  moveTo: (target: number | null) => void;
}

export function useAnimatedNumber(start: number | null): AnimatedNumber {
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  let frame = 0;
  let goal = start;

  function moveTo(target: number | null): void {
    if (target === goal) return;
    goal = target;
    cancelAnimationFrame(frame);
    const from = number.value;
    if (from === null || target === null || still.matches || document.hidden) {
      number.value = target;
      return;
    }
    // Time counts from the first frame, because charts drawn before it may take a while.
    let begun = 0;
    let drawn = 0;
    const step = (now: number) => {
      if (begun === 0) {
        begun = now;
        drawn = now;
      }
      const share = Math.min(1, Math.max(0, (now - begun) / durationMs));
      if (share === 1 || now - drawn >= stepMs) {
        number.value = share === 1 ? target : from + (target - from) * (1 - (1 - share) ** 3);
        drawn = now;
      }
      if (share < 1) frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
  }

  const number: AnimatedNumber = useState({ value: start, moveTo });
  onWillUnmount(() => cancelAnimationFrame(frame));
  return number;
}
