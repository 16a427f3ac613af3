// Moments in the reader's own time; without this module they stand there in UTC, and say so.

const { lang } = document.documentElement;
// The page's language as the reader's country writes it, where the browser says which that is.
const locale = navigator.languages.find((one) => one.toLowerCase().startsWith(`${lang}-`)) ?? lang;
const day = new Intl.DateTimeFormat(locale, { dateStyle: "long" });
const minute = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short" });

for (const time of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(time.dateTime);
  if (!Number.isNaN(moment.getTime())) {
    time.textContent = ("day" in time.dataset ? day : minute).format(moment);
  }
}
