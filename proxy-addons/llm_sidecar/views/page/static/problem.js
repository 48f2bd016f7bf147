// A page that could not be made has its keys all the same.

import { keys } from "./keys.js";

keys({ Escape: () => { location.href = "/llm"; } });
