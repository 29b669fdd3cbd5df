//! Civil days of the service.

/** The day in Tokyo of a moment: a text, a date or milliseconds since 1970. */
export const tokyo = (moment) => new Date(new Date(moment).getTime() + 9 * 3_600_000).toISOString().slice(0, 10);
