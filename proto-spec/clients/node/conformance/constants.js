// Prints the client's constants, `GROUP NAME NUMBER` a line, by the names of `constants.json`.

import { COLUMNS } from '../lib/columns.js';
import * as constants from '../lib/constants.js';

const groups = {
  operations: constants.OPERATIONS,
  eventKinds: constants.EVENT_KINDS,
  outcomes: constants.OUTCOMES,
  boundaries: constants.BOUNDARIES,
  revisionCauses: constants.REVISION_CAUSES,
  errors: constants.ERRORS,
  limits: constants.LIMITS,
  columns: Object.fromEntries(Object.entries(COLUMNS).map(([name, { id }]) => [name, id])),
  contextAttributes: Object.fromEntries(
    constants.CONTEXT_ATTRIBUTES.map((name, cell) => [name, cell]),
  ),
};
for (const [group, table] of Object.entries(groups)) {
  for (const [name, number] of Object.entries(table)) console.log(group, name, number);
}
