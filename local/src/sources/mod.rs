//! What wakes functions besides requests: queues, schedules and the event bus.

pub mod bus;
pub mod cron;
pub mod queues;
pub mod schedules;
