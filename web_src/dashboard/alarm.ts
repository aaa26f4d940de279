// Sounds and toasts for traffic that needs attention.

import { _t } from '@web/core/l10n/translation';
import type { Services } from '@web/core/utils/hooks';
import { formatCount, formatRate } from '../core/format';
import type { Traffic } from './data/source';

const windowMs = 60_000;
const alarmRate = 0.1;
/** With fewer requests, a rate means nothing. */
const leastRequests = 20;
const pauseMs = 10_000;
const shownMs = 8_000;

export interface AlarmOptions {
  notification: Services['notification'];
  isSoundOn: () => boolean;
  /** Opens the latest failure. */
  inspectLatest: () => void;
}

/** Gets all traffic. Reports server errors, and an error rate above 10 % within a minute, once until it is over. */
export function createAlarm({ notification, isSoundOn, inspectLatest }: AlarmOptions) {
  let recent: { at: number; requests: number; errors: number }[] = [];
  let isHigh = false;
  let toldAt = Number.NEGATIVE_INFINITY;

  return (traffic: Traffic): void => {
    const now = performance.now();
    if (traffic.class_5 > 0) {
      if (isSoundOn()) beep();
      if (now - toldAt > pauseMs) {
        toldAt = now;
        const close = notification.add(
          traffic.class_5 === 1
            ? _t('A request failed with a server error.')
            : _t('%s requests failed with a server error.', formatCount(traffic.class_5)),
          {
            type: 'danger',
            autocloseDelay: shownMs,
            title: _t('Server error'),
            buttons: [
              {
                name: _t('Inspect'),
                onClick: () => {
                  close();
                  inspectLatest();
                },
              },
            ],
          },
        );
      }
    }

    recent.push({ at: now, requests: traffic.requests, errors: traffic.class_4 + traffic.class_5 });
    recent = recent.filter(({ at }) => now - at < windowMs);
    const requests = recent.reduce((sum, entry) => sum + entry.requests, 0);
    const rate = recent.reduce((sum, entry) => sum + entry.errors, 0) / Math.max(1, requests);
    const wasHigh = isHigh;
    isHigh = requests >= leastRequests && rate > alarmRate;
    if (isHigh && !wasHigh) {
      notification.add(
        _t('%(rate)s of the last %(requests)s requests failed or were refused.', {
          rate: formatRate(rate),
          requests: formatCount(requests),
        }),
        {
          type: 'warning',
          autocloseDelay: shownMs,
          title: _t('High error rate'),
        },
      );
    }
  };
}

let audio: AudioContext | undefined;
let soundedAt = Number.NEGATIVE_INFINITY;

/** Two falling tones, at most every two seconds. Browsers allow sound after the user has clicked on the page. */
function beep(): void {
  const now = performance.now();
  if (now - soundedAt < 2_000) return;
  soundedAt = now;
  audio ??= new AudioContext();
  void audio.resume();
  const start = audio.currentTime;
  for (const [index, hertz] of [660, 440].entries()) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const at = start + index * 0.16;
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(0.15, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.15);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.16);
  }
}
