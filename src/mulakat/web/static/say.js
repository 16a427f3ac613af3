// What the page says and knows: handed over by the server in the reader's language.

const data = JSON.parse(document.getElementById("page-data").textContent);

export const { language } = data;
export const { problems, limits, owner } = data; // of answering
export const { status, alert, refuse } = data; // of the operator's page

export function has(key) {
  return key in data.live;
}

export function say(key, params = {}) {
  return data.live[key].replace(/\{(\w+)\}/g, (all, name) => params[name] ?? all);
}

export function number(value, digits = 0) {
  return new Intl.NumberFormat(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}

/** A ratio 0–1 as the reader writes it: "40%" or "%40". */
export function percent(ratio) {
  return new Intl.NumberFormat(language, { style: "percent" }).format(ratio);
}

/** Seconds as minutes and seconds, "1:05". */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
