// Loaded into a sidecar by the bench `record`: the last step of every request then does nothing.

import { Traffic } from '../../sidecar/src/traffic/traffic.ts';

Traffic.prototype.record = () => {};
