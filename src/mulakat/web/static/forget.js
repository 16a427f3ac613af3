// After a logout, or when the account is gone: nothing of it stays on the device.

import { dropAll } from "./outbox.js";

dropAll();
