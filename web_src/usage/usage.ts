// The content of a usage bar, without its rendering.

export type Level = 'calm' | 'close' | 'spent';

/** The used share of the limit, from 0 to 1. */
export function shareOf(used: number, limit: number): number {
  return limit > 0 ? Math.min(1, used / limit) : 0;
}

export function levelOf(share: number): Level {
  return share >= 1 ? 'spent' : share > 0.8 ? 'close' : 'calm';
}

/** `0:07`, `12:30`, `3:05:00`; empty if that time has passed. */
export function countdown(ms: number): string {
  if (ms <= 0) return '';
  const seconds = Math.ceil(ms / 1000);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
