import { expect, it } from "vitest";
import { cronWords } from "./cron-words";

it.each([
  ["@daily", "every day at 00:00"],
  ["* * * * *", "every minute"],
  ["*/15 * * * *", "every 15 minutes"],
  ["5 * * * *", "every hour at :05"],
  ["30 6 * * *", "every day at 06:30"],
  ["0 9 * * Mon", "every Monday at 09:00"],
  ["0 9 * * 7", "every Sunday at 09:00"],
  ["0 9 * * 1-5", "every working day, Monday to Friday, at 09:00"],
  ["15 0 1 * *", "on day 1 of every month at 00:15"],
])("says %s as %s", (cron, words) => {
  expect(cronWords(cron)).toBe(words);
});

it.each(["0 9 1 * 1", "*/7 * * * *", "0 9 1-5 * *", "0 9 * jan *", "nonsense", "0 9 * * * 2027"])("says nothing of %s, which its fields say better", (cron) => {
  expect(cronWords(cron)).toBeUndefined();
});
