// Loaded into a sidecar by the bench `record`: the last step of every request then does nothing.

import { TrafficRecorder } from '../../sidecar/src/traffic/traffic_recorder.ts';

TrafficRecorder.prototype.record = () => {};
