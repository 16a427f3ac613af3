// The transcript: sentence by sentence, quotes underlined, their notes beside them.

import { el, icon } from "./elements.js";
import { clock, say } from "./say.js";

const LONG_PAUSE_SECONDS = 1.2; // ends a line where the recogniser gave no full stop
const LONG_LINE_WORDS = 40;
const UNSURE = 0.35; // below this word probability, wrong more often than not
const SLACK_SECONDS = 0.02; // times are rounded to two decimals
const WIDE = window.matchMedia("(min-width: 1100px)");

/** Tokens of an answer: text, start, end, unsure, and the marks of the quotes they are in. */
function tokensOf({ words, transcribed_text: text }) {
  const tokens = words?.length
    ? words.map(([word, start, end, probability]) => ({
        text: word.trim(), start, end, unsure: probability !== null && probability < UNSURE }))
    : text.split(/\s+/).filter(Boolean).map((word) => ({ text: word, start: null, end: null }));
  return tokens.map((token) => ({ ...token, marks: [] }));
}

function bare(word) {
  return word.toLocaleLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

/** Return the [first, last] tokens of a quote: by its times, else by its words; or null. */
function place(tokens, { quote, start, end }) {
  if (start !== null) {
    const inside = tokens.flatMap((token, index) =>
      token.start >= start - SLACK_SECONDS && token.end <= end + SLACK_SECONDS ? [index] : []);
    if (inside.length) return [inside[0], inside.at(-1)];
  }
  const wanted = quote.split(/\s+/).map(bare).filter(Boolean);
  const had = tokens.map((token) => bare(token.text));
  for (let first = 0; wanted.length && first + wanted.length <= had.length; first++) {
    if (wanted.every((word, offset) => had[first + offset] === word)) {
      return [first, first + wanted.length - 1];
    }
  }
  return null;
}

function linesOf(tokens) {
  const lines = [];
  let line = [];
  tokens.forEach((token, index) => {
    line.push(token);
    const next = tokens[index + 1];
    const full = /[.!?…]["”’)]*$/.test(token.text) && !/^\d+\.$/.test(token.text);
    const silent = next && token.end !== null && next.start - token.end >= LONG_PAUSE_SECONDS;
    if (full || (silent && line.length > 4) || line.length >= LONG_LINE_WORDS || !next) {
      lines.push(line);
      line = [];
    }
  });
  return lines;
}

function lineText(line) {
  const nodes = [];
  let mark = null;
  for (const token of line) {
    const key = token.marks.map(({ letter }) => letter).join("");
    if (nodes.length && !(mark && mark.key === key)) nodes.push(" ");
    if (!key) {
      mark = null;
      nodes.push(token.unsure ? el("span", { class: "unsure" }, token.text) : token.text);
      continue;
    }
    if (!mark || mark.key !== key) {
      const thin = token.marks.every((one) => one.thin);
      mark = { key, node: el("mark", { class: thin ? "thin" : "" }) };
      nodes.push(mark.node);
    } else mark.node.append(" ");
    const word = token.unsure ? el("span", { class: "unsure" }, token.text) : token.text;
    const ending = token.marks.filter((one) => one.last === token).map(({ letter }) => letter);
    // The letters stay on the line of the word they follow.
    mark.node.append(ending.length ? el("span", { class: "end" }, word, el("sup", {}, ending.join(" "))) : word);
  }
  // One run of text in each mark: a dashed line would start afresh at every word.
  for (const node of nodes) if (node instanceof Element) node.normalize();
  return nodes;
}

function note({ letter, name, word, thin, advice }) {
  return el("li", { class: thin ? "thin" : "" },
    el("b", {}, letter), " ", `${name}: ${word}`, advice ? el("span", {}, advice) : null);
}

/**
 * Fill `list` with the answer's lines. `notes` are the criteria's: letter, name, word, thin,
 * advice, evidence. Returns the start times of the lines, and whether any word was unsure.
 */
export function showTranscript(list, result, notes, language, play) {
  const tokens = tokensOf(result);
  for (const one of notes) {
    for (const evidence of one.evidence) {
      const found = place(tokens, evidence);
      if (!found) continue;
      const mark = { ...one, last: tokens[found[1]], advice: null };
      for (const token of tokens.slice(found[0], found[1] + 1)) {
        if (!token.marks.some(({ letter }) => letter === mark.letter)) token.marks.push(mark);
      }
    }
  }
  const starts = [];
  const told = new Set();
  list.replaceChildren(...linesOf(tokens).map((line) => {
    const [{ start }] = line;
    // A note stands at the first of its quotes; the others carry its letter.
    const here = notes.filter(({ letter }) => !told.has(letter) &&
      line.some((token) => token.marks.some((mark) => mark.letter === letter && line.includes(mark.last))));
    for (const { letter } of here) told.add(letter);
    const items = here.map((one) => note({ ...one, advice: one.thin ? one.advice : null }));
    const timed = start !== null && play;
    if (start !== null) starts.push(start);
    const button = timed
      ? el("button", { type: "button", class: "from", "aria-label": say("play_from", { time: clock(start) }) },
          icon("play"), clock(start))
      : null;
    button?.addEventListener("click", () => play(start));
    const folded = items.length
      ? el("details", { class: "notes", open: WIDE.matches },
          el("summary", {}, say("notes", { count: items.length })), el("ul", {}, ...items))
      : null;
    return el("li", {}, button, el("p", { lang: language }, ...lineText(line)), folded);
  }));
  WIDE.onchange = () => list.querySelectorAll("details").forEach((one) => (one.open = WIDE.matches));
  return { starts, unsure: tokens.some((token) => token.unsure) };
}
