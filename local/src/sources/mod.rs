//! What wakes functions besides requests: queues and schedules.

pub mod cron;
pub mod queues;
pub mod schedules;
