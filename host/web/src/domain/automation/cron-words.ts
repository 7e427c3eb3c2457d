const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const forms: Record<string, string> = {
  "@hourly": "every hour",
  "@daily": "every day at 00:00",
  "@midnight": "every day at 00:00",
  "@weekly": "every Sunday at 00:00",
  "@monthly": "on day 1 of every month at 00:00",
  "@yearly": "every 1 January at 00:00",
  "@annually": "every 1 January at 00:00",
};

/** A cron in words, for the forms that most are of; undefined for others, whose fields say it better than a sentence would. */
export function cronWords(cron: string): string | undefined {
  const text = cron.trim().toLowerCase();
  const form = forms[text];
  if (form !== undefined) return form;
  const [minute = "", hour = "", day = "", month = "", weekday = "", ...more] = text.split(/\s+/);
  if (more.length > 0 || month !== "*") return undefined;
  if (hour === "*" && day === "*" && weekday === "*") return everyHour(minute);
  const time = clock(hour, minute);
  if (time === undefined) return undefined;
  if (weekday === "*" && day === "*") return `every day at ${time}`;
  if (weekday === "*") return /^\d+$/.test(day) ? `on day ${Number(day)} of every month at ${time}` : undefined;
  const name = day === "*" ? weekdayName(weekday) : undefined;
  return name === undefined ? undefined : `${name} at ${time}`;
}

function everyHour(minute: string): string | undefined {
  if (minute === "*") return "every minute";
  if (/^\d+$/.test(minute)) return minute === "0" ? "every hour" : `every hour at :${minute.padStart(2, "0")}`;
  const step = Number(/^\*\/(\d+)$/.exec(minute)?.[1]);
  return step > 0 && 60 % step === 0 ? `every ${step} minutes` : undefined;
}

function clock(hour: string, minute: string): string | undefined {
  return /^\d+$/.test(hour) && /^\d+$/.test(minute) ? `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}` : undefined;
}

function weekdayName(text: string): string | undefined {
  if (text === "1-5" || text === "mon-fri") return "every working day, Monday to Friday,";
  const name = days.find((day) => day.slice(0, 3).toLowerCase() === text) ?? (/^[0-7]$/.test(text) ? days[Number(text) % 7] : undefined);
  return name === undefined ? undefined : `every ${name}`;
}
