// What was answered, kept on this device until the server has it, and a day longer to be played.
//
// An entry: key (the Idempotency-Key), question, questionId, language, address (where it goes),
// interview and turn or null, owner (account or null), blob or text, name, levels, seconds,
// ready (to be sent by itself), created (ms), answer (its id, once the server has it).
// Every promise settles; where the browser refuses to keep anything, to false, null or [].

const NAME = "mulakat";
const STORE = "answers";
const DAY_MS = 86_400_000;
const UNSENT_MS = 7 * DAY_MS; // a week without a connection is a holiday, not a lost answer
const MOST_SENT = 5;
const MOST_UNSENT = 10;

const PATIENCE_MS = 4000; // some browsers have been known never to answer

let opening = null;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      request.result.onclose = () => (opening = null);
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
    setTimeout(() => reject(new Error("no answer")), PATIENCE_MS);
  });
  opening.catch(() => (opening = null));
  return opening;
}

/** Do something in one transaction and return what it gave once that is durable. */
async function within(mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode, { durability: "strict" });
    let given;
    transaction.oncomplete = () => resolve(given);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
    work(transaction.objectStore(STORE), (value) => (given = value));
  });
}

async function all() {
  try {
    return await within("readonly", (store, give) => {
      store.getAll().onsuccess = ({ target }) => give(target.result);
    });
  } catch {
    return [];
  }
}

/** Keep an entry, over one of the same key; whether it is kept. */
export async function keep(entry) {
  try {
    await within("readwrite", (store) => store.put({ created: Date.now(), answer: null, ...entry }));
    return true;
  } catch {
    return false; // a private window, or no room
  }
}

/** The server has it, as this answer. */
export async function mark(key, answer) {
  try {
    await within("readwrite", (store) => {
      store.get(key).onsuccess = ({ target }) => target.result && store.put({ ...target.result, answer });
    });
  } catch {
    // Then it is not there to be marked either.
  }
}

/** The entry that became this answer, or null. */
export async function ofAnswer(answer) {
  return (await all()).find((entry) => entry.answer === answer) ?? null;
}

/** Entries the server does not have, the oldest first; of this owner, or of nobody. */
export async function pending(owner = null) {
  const unsent = (await all()).filter((entry) => !entry.answer && (!entry.owner || entry.owner === owner));
  return unsent.sort((one, other) => one.created - other.created);
}

/** Entries the server has, which are kept to be played. */
export async function sent() {
  return (await all()).filter((entry) => entry.answer);
}

/** The newest of them for this question of this interview, or null. */
export async function unsent(owner, interview, turn) {
  const mine = (await pending(owner)).filter((entry) => entry.interview === interview && entry.turn === turn);
  return mine.at(-1) ?? null;
}

export async function drop(key) {
  try {
    await within("readwrite", (store) => store.delete(key));
  } catch {
    // Nothing is kept, so nothing is left.
  }
}

export async function dropAll() {
  try {
    await within("readwrite", (store) => store.clear());
  } catch {
    // As above.
  }
}

/** Let go of what was sent a day ago or is beyond five, and of what nobody sent in a week. */
export async function sweep() {
  const newest = (await all()).sort((one, other) => other.created - one.created);
  const old = (entry, most) => Date.now() - entry.created > most;
  const sent = newest.filter((entry) => entry.answer);
  const unsent = newest.filter((entry) => !entry.answer);
  const gone = [
    ...sent.filter((entry, at) => at >= MOST_SENT || old(entry, DAY_MS)),
    ...unsent.filter((entry, at) => at >= MOST_UNSENT || old(entry, UNSENT_MS)),
  ];
  for (const { key } of gone) await drop(key);
}
